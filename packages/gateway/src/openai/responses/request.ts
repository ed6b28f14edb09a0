import type { ModelManifest, ResponsesItem, ResponsesRequest, ResponsesTool } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import type { ChatBody, ChatMessage, ChatTool } from '../../chat/chat-body';
import { chosenTools, readToolChoice } from '../../chat/tool-choice';
import { messagesOf } from './items';

const refuse = (message: string, hint?: string): NaniteError =>
  new NaniteError('invalid-request', message, { status: 400, ...(hint !== undefined && { hint }) });

/**
 * Refuse what this server cannot do, rather than answer as if it had not been asked.
 *
 * @throws NaniteError 400
 */
export function checkRequest(request: ResponsesRequest): void {
  if (request.background === true) throw refuse('background responses are not supported', 'use stream: true');
  const { conversation } = request;
  if (conversation !== undefined && conversation !== null) {
    throw refuse('conversations are not stored here', 'use previous_response_id');
  }
}

/** The input as items: a text is a message of the user. */
export function inputItems({ input }: ResponsesRequest): ResponsesItem[] {
  if (typeof input !== 'string') return input ?? [];
  return [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: input }] }];
}

/** The one argument of a custom tool, which takes any text. */
const customParameters = {
  type: 'object',
  properties: { input: { type: 'string' } },
  required: ['input'],
  additionalProperties: false,
};

/**
 * Tools that a model can be offered, as chat completions write them. Those that OpenAI's own servers run (web search, code
 * interpreter, …) are left out; the response lists the tools that were offered.
 *
 * @param prefix of the names of tools that are grouped in a namespace
 */
function chatTools(tools: readonly ResponsesTool[], prefix = ''): ChatTool[] {
  return tools.flatMap((tool): ChatTool[] => {
    const { type, name = '', description, parameters } = tool;
    if (type === 'namespace') return chatTools((tool['tools'] ?? []) as ResponsesTool[], `${prefix}${name}.`);
    if (type !== 'function' && type !== 'custom') return [];
    return [
      {
        type: 'function',
        function: {
          name: `${prefix}${name}`,
          ...(description && { description }),
          parameters:
            type === 'custom' ? customParameters : (parameters ?? { type: 'object', properties: {} }),
        },
      },
    ];
  });
}

/** Names of the tools that take a text rather than arguments. */
export const customToolNames = ({ tools }: ResponsesRequest): Set<string> =>
  new Set((tools ?? []).flatMap(({ type, name }) => (type === 'custom' ? (name ?? []) : [])));

/** The tools that the model is really offered. */
export const offeredTools = ({ tools }: ResponsesRequest): ResponsesTool[] =>
  (tools ?? []).filter(({ type }) => ['function', 'custom', 'namespace'].includes(type));

/** `text.format` as chat completions write it. */
function responseFormat({ text }: ResponsesRequest): Record<string, unknown> {
  const format = text?.format;
  if (format === null || format === undefined || format.type === 'text') return {};
  if (format.type === 'json_object') return { response_format: { type: 'json_object' } };
  const { name = 'answer', schema, strict } = format;
  if (schema === undefined) throw refuse('text.format has the type "json_schema" and no schema');
  return { response_format: { type: 'json_schema', json_schema: { name, schema, strict: strict ?? true } } };
}

/**
 * A request as one of chat completions.
 *
 * @param items the whole conversation, what went before it included
 * @throws NaniteError 400 where an item or a choice cannot be understood
 */
export function toChat(
  request: ResponsesRequest,
  items: readonly ResponsesItem[],
  manifest: ModelManifest,
): ChatBody {
  const { instructions, max_output_tokens: length, reasoning, temperature, top_p: topP } = request;
  const system: ChatMessage[] = instructions ? [{ role: 'system', content: instructions }] : [];
  const effort = reasoning?.effort;
  return {
    messages: [...system, ...messagesOf(items)],
    ...chosenTools(chatTools(request.tools ?? []), readToolChoice(request.tool_choice), manifest),
    ...responseFormat(request),
    ...(request.parallel_tool_calls === false && { parallel_tool_calls: false }),
    ...(length !== null && length !== undefined && { max_tokens: length }),
    ...(temperature !== null && temperature !== undefined && { temperature }),
    ...(topP !== null && topP !== undefined && { top_p: topP }),
    ...(effort && {
      reasoning_effort: effort,
      chat_template_kwargs: { enable_thinking: effort !== 'none', reasoning_effort: effort },
    }),
  };
}
