import { z } from 'zod';

/**
 * What the gateway itself reads and writes of OpenAI's API. Bodies of /v1/chat/completions, /v1/completions,
 * /v1/embeddings and /v1/responses go to the worker as they came: llama-server defines the rest of their fields.
 */
export const OpenAiRequest = z.looseObject({
  model: z.string().min(1, 'is required'),
  stream: z.boolean().nullish(),
});

export const OpenAiTool = z.looseObject({
  type: z.literal('function'),
  function: z.looseObject({
    name: z.string().min(1),
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
  }),
});

/** POST /v1/chat/completions: the fields that the gateway looks at. */
export const OpenAiChatRequest = z.looseObject({
  ...OpenAiRequest.shape,
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown().optional() })),
  tools: z.array(OpenAiTool).nullish(),
  tool_choice: z.unknown().optional(),
});

/** POST /v1/completions: the fields that the gateway looks at. */
export const OpenAiCompletionRequest = z.looseObject({
  ...OpenAiRequest.shape,
  prompt: z.unknown().optional(),
  /** Text behind the gap that the model is to fill in. */
  suffix: z.string().nullish(),
  echo: z.boolean().nullish(),
  /** How many of the likeliest tokens to name at each place. */
  logprobs: z.union([z.number().int().min(0).max(20), z.boolean()]).nullish(),
});

/** POST /v1/embeddings: the fields that the gateway looks at. */
export const OpenAiEmbeddingRequest = z.looseObject({
  ...OpenAiRequest.shape,
  input: z.unknown().optional(),
  dimensions: z.number().int().positive().nullish(),
  encoding_format: z.enum(['float', 'base64']).nullish(),
});

export const OpenAiModel = z.object({
  id: z.string(),
  object: z.literal('model'),
  /** Seconds since 1970. */
  created: z.number().int(),
  owned_by: z.string(),
});

export const OpenAiModelList = z.object({ object: z.literal('list'), data: z.array(OpenAiModel) });

/** Body of every error, and the last event of a stream that failed. */
export const OpenAiError = z.object({
  error: z.object({
    message: z.string(),
    /** `invalid_request_error`, `not_found_error`, `server_error`, … */
    type: z.string(),
    param: z.string().nullable(),
    /** `model_not_found`, `context_length_exceeded`, or one of our own codes. */
    code: z.string().nullable(),
  }),
});

export type OpenAiModel = z.infer<typeof OpenAiModel>;
export type OpenAiModelList = z.infer<typeof OpenAiModelList>;
export type OpenAiError = z.infer<typeof OpenAiError>;

/** What DELETE /v1/models/{model} answers. */
export const OpenAiModelDeleted = z.object({
  id: z.string(),
  object: z.literal('model'),
  deleted: z.literal(true),
});

export type OpenAiModelDeleted = z.infer<typeof OpenAiModelDeleted>;

/** POST /infill, llama-server's endpoint for editors: the fields that the gateway looks at. */
export const InfillRequest = z.looseObject({
  model: z.string().nullish(),
  input_prefix: z.string(),
  input_suffix: z.string(),
  /** How many suggestions to make. */
  n_cmpl: z.number().int().positive().nullish(),
});
