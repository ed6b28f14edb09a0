import { z } from 'zod';

/** What the gateway itself reads and writes of Anthropic's messages API; bodies go to the worker as they came. */
const OutputFormat = z.looseObject({
  type: z.literal('json_schema'),
  schema: z.record(z.string(), z.unknown()),
});

/** POST /v1/messages and /v1/messages/count_tokens. */
export const AnthropicMessagesRequest = z.looseObject({
  model: z.string().min(1, 'is required'),
  stream: z.boolean().nullish(),
  /** A text, or parts of one. */
  system: z.union([z.string(), z.array(z.unknown())]).nullish(),
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown().optional() })),
  tools: z.array(z.looseObject({ name: z.string() })).nullish(),
  tool_choice: z
    .looseObject({
      type: z.enum(['auto', 'any', 'tool', 'none']),
      name: z.string().optional(),
      disable_parallel_tool_use: z.boolean().nullish(),
    })
    .nullish(),
  output_config: z.looseObject({ format: OutputFormat.nullish() }).nullish(),
  /** The older place of `output_config.format`. */
  output_format: OutputFormat.nullish(),
});

/** Body of every error, and the data of the `error` event of a stream that failed. */
export const AnthropicError = z.object({
  type: z.literal('error'),
  error: z.object({
    type: z.enum([
      'invalid_request_error',
      'authentication_error',
      'permission_error',
      'not_found_error',
      'request_too_large',
      'rate_limit_error',
      'api_error',
      'overloaded_error',
    ]),
    message: z.string(),
  }),
});

/** GET /v1/models, for a client that sends `anthropic-version`. */
export const AnthropicModelList = z.object({
  data: z.array(
    z.object({
      type: z.literal('model'),
      id: z.string(),
      display_name: z.string(),
      created_at: z.iso.datetime(),
    }),
  ),
  has_more: z.boolean(),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
});

export type AnthropicError = z.infer<typeof AnthropicError>;
export type AnthropicModelList = z.infer<typeof AnthropicModelList>;
