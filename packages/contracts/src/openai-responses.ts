import { z } from 'zod';

/**
 * OpenAI's Responses API as the gateway serves it: POST /v1/responses, GET and DELETE /v1/responses/{id},
 * GET /v1/responses/{id}/input_items, POST /v1/responses/input_tokens.
 */

/** A turn of a conversation: a message, a call of a tool, its result, or what the model thought. */
export const ResponsesItem = z.looseObject({ type: z.string().nullish(), id: z.string().nullish() });

export const ResponsesTool = z.looseObject({
  type: z.string(),
  name: z.string().optional(),
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
});

export const ResponsesFormat = z.looseObject({
  type: z.enum(['text', 'json_object', 'json_schema']),
  name: z.string().optional(),
  schema: z.record(z.string(), z.unknown()).optional(),
  strict: z.boolean().nullish(),
});

export const ResponsesRequest = z.looseObject({
  model: z.string().min(1, 'is required'),
  input: z.union([z.string(), z.array(ResponsesItem)]).nullish(),
  /** Goes before the conversation as a system message; not carried over from `previous_response_id`. */
  instructions: z.string().nullish(),
  previous_response_id: z.string().nullish(),
  /** Keep the response, so that a later request of the same user can go on from it. On unless false. */
  store: z.boolean().nullish(),
  stream: z.boolean().nullish(),
  background: z.boolean().nullish(),
  conversation: z.unknown().optional(),
  tools: z.array(ResponsesTool).nullish(),
  tool_choice: z.unknown().optional(),
  parallel_tool_calls: z.boolean().nullish(),
  text: z.looseObject({ format: ResponsesFormat.nullish() }).nullish(),
  reasoning: z.looseObject({ effort: z.string().nullish() }).nullish(),
  max_output_tokens: z.number().int().positive().nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  truncation: z.enum(['auto', 'disabled']).nullish(),
  include: z.array(z.string()).nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
});

export const ResponsesAnswer = z.looseObject({
  id: z.string(),
  object: z.literal('response'),
  /** Seconds since 1970. */
  created_at: z.number().int(),
  status: z.enum(['in_progress', 'completed', 'incomplete', 'failed']),
  incomplete_details: z.object({ reason: z.enum(['max_output_tokens', 'content_filter']) }).nullable(),
  model: z.string(),
  output: z.array(ResponsesItem),
  usage: z
    .object({
      input_tokens: z.number().int(),
      input_tokens_details: z.object({ cached_tokens: z.number().int() }),
      output_tokens: z.number().int(),
      output_tokens_details: z.object({ reasoning_tokens: z.number().int() }),
      total_tokens: z.number().int(),
    })
    .nullable(),
});

export type ResponsesItem = z.infer<typeof ResponsesItem>;
export type ResponsesTool = z.infer<typeof ResponsesTool>;
export type ResponsesRequest = z.infer<typeof ResponsesRequest>;
export type ResponsesAnswer = z.infer<typeof ResponsesAnswer>;
