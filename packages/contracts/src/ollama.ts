import { z } from 'zod';

/**
 * Ollama's API as the gateway serves it. Requests are parsed loosely (fields that we do not know are let through, as
 * Ollama does); docs/api.md says which fields act. Durations in answers are nanoseconds.
 */

/** `5m`, `1h30m`, `-1`, a number of seconds; negative: for ever; 0: unload now. */
export const OllamaKeepAlive = z.union([z.number(), z.string()]);

const number = z.number();

/**
 * `options` of a request. Sampling options act on the request, `num_ctx`, `num_gpu` and `num_thread` on the worker.
 *
 * As liberal as Ollama: whole numbers are cut, not refused, and a value out of range is the sampler's to judge.
 */
export const OllamaOptions = z.looseObject({
  temperature: number.optional(),
  top_k: number.optional(),
  top_p: number.optional(),
  min_p: number.optional(),
  typical_p: number.optional(),
  repeat_last_n: number.optional(),
  repeat_penalty: number.optional(),
  presence_penalty: number.optional(),
  frequency_penalty: number.optional(),
  mirostat: number.optional(),
  mirostat_tau: number.optional(),
  mirostat_eta: number.optional(),
  /** 64 bits in Ollama's clients. */
  seed: number.optional(),
  stop: z.union([z.string(), z.array(z.string())]).optional(),
  num_predict: number.optional(),
  num_ctx: number.optional(),
  num_keep: number.optional(),
  num_gpu: number.optional(),
  num_thread: number.optional(),
});

/** `json`, or a JSON schema that the answer must match. */
export const OllamaFormat = z.union([z.literal('json'), z.literal(''), z.record(z.string(), z.unknown())]);

export const OllamaThink = z.union([z.boolean(), z.enum(['low', 'medium', 'high', 'max'])]);

export const OllamaTool = z.looseObject({
  type: z.string().default('function'),
  function: z.looseObject({
    name: z.string(),
    description: z.string().optional(),
    parameters: z.record(z.string(), z.unknown()).optional(),
  }),
});

export const OllamaToolCall = z.looseObject({
  id: z.string().optional(),
  function: z.looseObject({ name: z.string(), arguments: z.record(z.string(), z.unknown()) }),
});

export const OllamaMessage = z.looseObject({
  /** `system`, `user`, `assistant`, `tool`, in any case; others are the template's to judge. */
  role: z.string(),
  content: z.string().default(''),
  thinking: z.string().optional(),
  /** Base64, without a `data:` prefix. */
  images: z.array(z.string()).nullish(),
  tool_calls: z.array(OllamaToolCall).nullish(),
  /** Of a `tool` message: which tool answered. */
  tool_name: z.string().optional(),
  tool_call_id: z.string().optional(),
});

const request = {
  model: z.string().min(1, 'is required'),
  keep_alive: OllamaKeepAlive.nullish(),
  options: OllamaOptions.nullish(),
};
const generation = {
  ...request,
  stream: z.boolean().nullish(),
  format: OllamaFormat.nullish(),
  think: OllamaThink.nullish(),
  truncate: z.boolean().nullish(),
  shift: z.boolean().nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.number().int().min(0).max(20).nullish(),
};

/** POST /api/chat */
export const OllamaChatRequest = z.looseObject({
  ...generation,
  messages: z.array(OllamaMessage).nullish(),
  tools: z.array(OllamaTool).nullish(),
});

/** POST /api/generate */
export const OllamaGenerateRequest = z.looseObject({
  ...generation,
  prompt: z.string().nullish(),
  suffix: z.string().nullish(),
  images: z.array(z.string()).nullish(),
  system: z.string().nullish(),
  template: z.string().nullish(),
  raw: z.boolean().nullish(),
  /** Tokens of the conversation so far, as an earlier answer gave them. */
  context: z.array(z.number().int()).nullish(),
});

/** POST /api/embed */
export const OllamaEmbedRequest = z.looseObject({
  ...request,
  input: z.union([z.string(), z.array(z.string())]).nullish(),
  /** Cut inputs that are longer than the context; false: an error. */
  truncate: z.boolean().nullish(),
  /** 0: all of them. */
  dimensions: z.number().int().nonnegative().nullish(),
});

/** POST /api/embeddings, the older form of /api/embed. */
export const OllamaEmbeddingsRequest = z.looseObject({ ...request, prompt: z.string().nullish() });

/** POST /api/show */
export const OllamaShowRequest = z.looseObject({
  model: z.string().optional(),
  name: z.string().optional(),
  verbose: z.boolean().nullish(),
});

const timings = {
  total_duration: z.number().int().optional(),
  load_duration: z.number().int().optional(),
  prompt_eval_count: z.number().int().optional(),
  prompt_eval_duration: z.number().int().optional(),
  eval_count: z.number().int().optional(),
  eval_duration: z.number().int().optional(),
};
const chunk = {
  model: z.string(),
  created_at: z.iso.datetime(),
  done: z.boolean(),
  done_reason: z.enum(['stop', 'length', 'load', 'unload']).optional(),
  logprobs: z.array(z.unknown()).optional(),
  ...timings,
};

/** Answer of /api/chat, and each line of its stream. */
export const OllamaChatResponse = z.looseObject({
  ...chunk,
  message: z.looseObject({
    role: z.literal('assistant'),
    content: z.string(),
    thinking: z.string().optional(),
    tool_calls: z.array(OllamaToolCall).optional(),
  }),
});

/** Answer of /api/generate, and each line of its stream. */
export const OllamaGenerateResponse = z.looseObject({
  ...chunk,
  response: z.string(),
  thinking: z.string().optional(),
  /** Tokens of prompt and answer, in the last line. */
  context: z.array(z.number().int()).optional(),
});

export const OllamaEmbedResponse = z.object({
  model: z.string(),
  embeddings: z.array(z.array(z.number())),
  total_duration: z.number().int(),
  load_duration: z.number().int(),
  prompt_eval_count: z.number().int(),
});

export const OllamaEmbeddingsResponse = z.object({ embedding: z.array(z.number()) });

export const OllamaModelDetails = z.object({
  parent_model: z.string(),
  format: z.string(),
  family: z.string(),
  families: z.array(z.string()),
  parameter_size: z.string(),
  quantization_level: z.string(),
});

const listed = {
  name: z.string(),
  model: z.string(),
  size: z.number().int(),
  digest: z.string(),
  details: OllamaModelDetails,
};

/** GET /api/tags */
export const OllamaTags = z.object({
  models: z.array(z.object({ ...listed, modified_at: z.iso.datetime() })),
});

/** GET /api/ps */
export const OllamaPs = z.object({
  models: z.array(
    z.object({
      ...listed,
      expires_at: z.iso.datetime(),
      size_vram: z.number().int(),
      context_length: z.number().int(),
    }),
  ),
});

export const OllamaShowResponse = z.object({
  license: z.string(),
  modelfile: z.string(),
  parameters: z.string(),
  template: z.string(),
  system: z.string().optional(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })).optional(),
  details: OllamaModelDetails,
  model_info: z.record(z.string(), z.unknown()),
  capabilities: z.array(z.string()),
  modified_at: z.iso.datetime(),
});

export const OllamaVersion = z.object({ version: z.string() });

/** Body of every error, and the last line of a stream that failed. */
export const OllamaError = z.object({ error: z.string() });

export type OllamaOptions = z.infer<typeof OllamaOptions>;
export type OllamaMessage = z.infer<typeof OllamaMessage>;
export type OllamaFormat = z.infer<typeof OllamaFormat>;
export type OllamaThink = z.infer<typeof OllamaThink>;
export type OllamaTool = z.infer<typeof OllamaTool>;
export type OllamaToolCall = z.infer<typeof OllamaToolCall>;
export type OllamaChatRequest = z.infer<typeof OllamaChatRequest>;
export type OllamaGenerateRequest = z.infer<typeof OllamaGenerateRequest>;
export type OllamaEmbedRequest = z.infer<typeof OllamaEmbedRequest>;
export type OllamaChatResponse = z.infer<typeof OllamaChatResponse>;
export type OllamaGenerateResponse = z.infer<typeof OllamaGenerateResponse>;
export type OllamaEmbedResponse = z.infer<typeof OllamaEmbedResponse>;
export type OllamaModelDetails = z.infer<typeof OllamaModelDetails>;
export type OllamaTags = z.infer<typeof OllamaTags>;
export type OllamaPs = z.infer<typeof OllamaPs>;
export type OllamaShowResponse = z.infer<typeof OllamaShowResponse>;
export type OllamaError = z.infer<typeof OllamaError>;
