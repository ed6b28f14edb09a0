import type { ResponsesAnswer, ResponsesItem, ResponsesRequest } from '@nanite/contracts';
import { newId } from './store';
import { offeredTools } from './request';

export interface ChatUsage {
  prompt_tokens?: number;
  completion_tokens?: number;
  prompt_tokens_details?: { cached_tokens?: number };
}

/** A new response to a request: everything that is known before the model has said a word. */
export function begun(request: ResponsesRequest): ResponsesAnswer {
  const { text, reasoning } = request;
  return {
    id: newId('resp'),
    object: 'response',
    created_at: Math.floor(Date.now() / 1000),
    completed_at: null,
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    max_tool_calls: null,
    metadata: request.metadata ?? {},
    model: request.model,
    output: [],
    parallel_tool_calls: request.parallel_tool_calls ?? true,
    previous_response_id: request.previous_response_id ?? null,
    prompt_cache_key: null,
    reasoning: { effort: reasoning?.effort ?? null, summary: reasoning?.['summary'] ?? null },
    safety_identifier: null,
    service_tier: 'default',
    store: request.store ?? true,
    temperature: request.temperature ?? 1,
    text: { ...text, format: text?.format ?? { type: 'text' } },
    tool_choice: request.tool_choice ?? 'auto',
    tools: offeredTools(request),
    top_logprobs: 0,
    top_p: request.top_p ?? 1,
    truncation: request.truncation ?? 'disabled',
    presence_penalty: 0,
    frequency_penalty: 0,
    usage: null,
    user: null,
  };
}

/**
 * The response as it ended.
 *
 * @param cut whether the answer was cut off: by its own bound, or at the end of the context
 */
export function ended(
  response: ResponsesAnswer,
  output: ResponsesItem[],
  usage: ChatUsage | null,
  cut: boolean,
): ResponsesAnswer {
  const input = usage?.prompt_tokens ?? 0;
  const answer = usage?.completion_tokens ?? 0;
  return {
    ...response,
    completed_at: Math.floor(Date.now() / 1000),
    status: cut ? 'incomplete' : 'completed',
    incomplete_details: cut ? { reason: 'max_output_tokens' } : null,
    output,
    usage: {
      input_tokens: input,
      input_tokens_details: { cached_tokens: usage?.prompt_tokens_details?.cached_tokens ?? 0 },
      output_tokens: answer,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: input + answer,
    },
  };
}
