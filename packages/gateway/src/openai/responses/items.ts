import type { ResponsesItem } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import type { ChatMessage } from '../../chat/chat-body';

const refuse = (message: string): NaniteError => new NaniteError('invalid-request', message, { status: 400 });

type Part = Record<string, unknown>;

/** A part of a message's content as chat completions write it. */
function chatPart(part: Part, at: string): Part {
  const { type, text } = part;
  if (type === 'input_text' || type === 'output_text' || type === 'text') return { type: 'text', text };
  if (type === 'refusal') return { type: 'text', text: part['refusal'] };
  if (type === 'input_audio') return part;
  if (type === 'input_image') {
    const { image_url: url } = part;
    if (typeof url !== 'string')
      throw refuse(`${at}: an image needs its image_url; files are not stored here`);
    return { type: 'image_url', image_url: { url } };
  }
  throw refuse(`${at}: parts of type ${JSON.stringify(type)} are not supported`);
}

/** Content as chat completions take it: a text where it is nothing but one. */
function chatContent(content: unknown, at: string): unknown {
  if (content === null || content === undefined) return '';
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) throw refuse(`${at}: content must be a text or an array of parts`);
  const parts = (content as Part[]).map((part) => chatPart(part, at));
  return parts.every(({ type }) => type === 'text') ? parts.map(({ text }) => text).join('') : parts;
}

const textOf = (parts: unknown): string =>
  Array.isArray(parts) ? (parts as Part[]).map(({ text }) => String(text ?? '')).join('\n') : '';

/** Says which text a reasoning item holds: what the model thought, else its summary. */
const thoughtOf = (item: ResponsesItem): string => textOf(item['content']) || textOf(item['summary']);

/**
 * The items of a conversation as messages. What the model did in one turn (its thoughts, its words, its calls) comes as
 * several items and is one message.
 *
 * @throws NaniteError 400 for an item that cannot be understood, named by its place
 */
export function messagesOf(items: readonly ResponsesItem[]): ChatMessage[] {
  const messages: ChatMessage[] = [];
  /** The model's message that is still being put together. */
  const turn = (): ChatMessage => {
    const last = messages.at(-1);
    if (last?.role === 'assistant') return last;
    const begun: ChatMessage = { role: 'assistant', content: '' };
    messages.push(begun);
    return begun;
  };
  const call = (item: ResponsesItem, args: string): void => {
    const message = turn();
    (message.tool_calls ??= []).push({
      id: String(item['call_id'] ?? item.id ?? ''),
      type: 'function',
      function: { name: String(item['name'] ?? ''), arguments: args },
    });
  };
  items.forEach((item, index) => {
    const at = `input[${index}]`;
    const type = item.type ?? ('role' in item ? 'message' : undefined);
    switch (type) {
      case 'message': {
        const { role } = item;
        const content = chatContent(item['content'], at);
        if (role === 'assistant') {
          const message = turn();
          message.content =
            message.content === '' ? content : `${String(message.content)}\n${String(content)}`;
        } else if (role === 'user' || role === 'system' || role === 'developer') {
          messages.push({ role: role === 'developer' ? 'system' : role, content });
        } else throw refuse(`${at}: the role ${JSON.stringify(role)} is not known`);
        return;
      }
      case 'reasoning': {
        const thought = thoughtOf(item);
        if (thought !== '') turn().reasoning_content = thought;
        return;
      }
      case 'function_call':
        return call(item, String(item['arguments'] ?? '{}'));
      case 'custom_tool_call':
        return call(item, JSON.stringify({ input: String(item['input'] ?? '') }));
      case 'function_call_output':
      case 'custom_tool_call_output':
        messages.push({
          role: 'tool',
          tool_call_id: String(item['call_id'] ?? ''),
          content: chatContent(item['output'], at),
        });
        return;
      default:
        throw refuse(`${at}: items of type ${JSON.stringify(type ?? null)} are not supported`);
    }
  });
  return messages;
}
