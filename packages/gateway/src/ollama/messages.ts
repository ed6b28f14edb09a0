import type { OllamaMessage } from '@nanite/contracts';
import type { ChatMessage } from '../chat/chat-body';
import { mediaPart } from '../chat/media';

/** Text, images and recordings as the content of an OpenAI message. */
export function contentOf(text: string, images: readonly string[] | null | undefined): unknown {
  if (images === null || images === undefined || images.length === 0) return text;
  return [...images.map(mediaPart), ...(text === '' ? [] : [{ type: 'text', text }])];
}

/**
 * Ollama's messages as OpenAI's: arguments of tool calls become text, and each call gets an id that its answer names.
 */
export function toOpenAiMessages(messages: readonly OllamaMessage[]): ChatMessage[] {
  /** Calls that no tool has answered yet, the oldest first. */
  const open: Array<{ id: string; name: string }> = [];
  let calls = 0;
  return messages.map((message): ChatMessage => {
    if (message.role === 'tool') {
      const wanted = message.tool_name;
      const at = Math.max(0, wanted === undefined ? 0 : open.findIndex(({ name }) => name === wanted));
      const [answered] = open.splice(at, 1);
      return {
        role: 'tool',
        content: message.content,
        tool_call_id: message.tool_call_id ?? answered?.id ?? `call_${calls++}`,
        ...((wanted ?? answered?.name) !== undefined && { name: wanted ?? answered?.name }),
      };
    }
    const toolCalls = message.tool_calls?.map(({ id, function: called }) => {
      const call = { id: id ?? `call_${calls++}`, name: called.name };
      open.push(call);
      return {
        id: call.id,
        type: 'function' as const,
        function: { name: called.name, arguments: JSON.stringify(called.arguments) },
      };
    });
    return {
      role: message.role === 'developer' ? 'system' : message.role,
      content: contentOf(message.content, message.images),
      ...(message.thinking !== undefined && { reasoning_content: message.thinking }),
      ...(toolCalls !== undefined && toolCalls.length > 0 && { tool_calls: toolCalls }),
    };
  });
}
