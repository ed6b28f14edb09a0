import { z } from 'zod';
import { OllamaKeepAlive } from './ollama';

/**
 * Putting texts in order by a model that reads each together with the question: POST /v1/rerank and /api/rerank, in the
 * form that Jina, Cohere, vLLM and llama-server share.
 */
export const RerankRequest = z.looseObject({
  model: z.string().min(1),
  query: z.string().min(1),
  documents: z
    .array(z.union([z.string(), z.looseObject({ text: z.string() })]))
    .min(1)
    .max(1000),
  /** Only so many results, the best. */
  top_n: z.number().int().positive().nullish(),
  /** Whether results repeat their documents. */
  return_documents: z.boolean().nullish(),
  /** Cut documents that are longer than the model's context, as happens unless this is false: an error then. */
  truncate: z.boolean().nullish(),
  keep_alive: OllamaKeepAlive.nullish(),
});

export const RerankResponse = z.looseObject({
  model: z.string(),
  /** The best first. */
  results: z.array(
    z.looseObject({
      /** Position in `documents`, from 0. */
      index: z.number().int().nonnegative(),
      /** 0 to 1. How it is spread differs from model to model: it orders, and is not a probability. */
      relevance_score: z.number(),
      document: z.looseObject({ text: z.string() }).optional(),
    }),
  ),
  usage: z.looseObject({ prompt_tokens: z.number().int(), total_tokens: z.number().int() }),
});

/** POST /v1/rerank on a worker's socket: the same for llama-server and the ONNX worker. */
export const WorkerRerankRequest = z.object({
  query: z.string(),
  documents: z.array(z.string()).min(1),
  /** Cut documents to the model's context instead of refusing them; the ONNX worker only. */
  truncate: z.boolean().optional(),
  model: z.string().optional(),
});

export const WorkerRerank = z.looseObject({
  /** `relevance_score` is what the model's last layer gives: a logit, but for models that end in a softmax. */
  results: z.array(z.looseObject({ index: z.number().int().nonnegative(), relevance_score: z.number() })),
  usage: z.looseObject({ prompt_tokens: z.number().int(), total_tokens: z.number().int() }).optional(),
});

export type RerankRequest = z.infer<typeof RerankRequest>;
export type RerankResponse = z.infer<typeof RerankResponse>;
export type WorkerRerank = z.infer<typeof WorkerRerank>;
