import { z } from 'zod';

/**
 * What the gateway itself reads and writes of OpenAI's API. Bodies of /v1/chat/completions, /v1/completions,
 * /v1/embeddings and /v1/responses go to the worker as they came: llama-server defines the rest of their fields.
 */
export const OpenAiRequest = z.looseObject({ model: z.string().min(1), stream: z.boolean().nullish() });

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
