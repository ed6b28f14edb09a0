import { askJson } from '../upstream/ask-json';
import type { Session } from '../upstream/session';
import type { ChatBody, ChatMessage } from './chat-body';
import { ContextOverflow } from '../http/context-overflow';

/** Tokens of a chat's whole prompt. */
export async function countTokens(session: Session, body: ChatBody, signal: AbortSignal): Promise<number> {
  const path = '/v1/chat/completions/input_tokens';
  return (await askJson<{ input_tokens: number }>(session, path, body, signal)).input_tokens;
}

/** A conversation without its oldest messages; what the system says stays, as Ollama keeps it. */
function without(messages: readonly ChatMessage[], oldest: number): ChatMessage[] {
  return [...messages.slice(0, oldest).filter(({ role }) => role === 'system'), ...messages.slice(oldest)];
}

/** A result of a tool means nothing without its call: a conversation does not begin with one. */
const mayBeginWith = (message: ChatMessage | undefined): boolean => message?.role !== 'tool';

/**
 * The messages of a chat that fit into the context: the oldest are left out, never the system's, never the last one.
 *
 * @throws ContextOverflow where even the last message alone is too long
 */
async function fitting(
  session: Session,
  body: ChatBody,
  { promptTokens, contextTokens }: ContextOverflow,
  signal: AbortSignal,
): Promise<ChatMessage[]> {
  const { messages } = body;
  const starts = messages.flatMap((message, at) => (at > 0 && mayBeginWith(message) ? [at] : []));
  // The fewer messages, the fewer tokens: look for the first start that fits.
  let low = 0;
  let high = starts.length;
  let tokens = promptTokens;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const shorter = { ...body, messages: without(messages, starts[middle] ?? 0) };
    const counted = await countTokens(session, shorter, signal);
    // A prompt that fills the context leaves no room for an answer.
    if (counted < contextTokens) high = middle;
    else {
      low = middle + 1;
      tokens = counted;
    }
  }
  const start = starts[low];
  if (start === undefined) throw new ContextOverflow(tokens, contextTokens);
  return without(messages, start);
}

/**
 * Ask with all messages, and where they are too long with those that fit.
 *
 * @throws ContextOverflow where the last message alone is too long
 */
export async function useTruncating<T>(
  session: Session,
  body: ChatBody,
  signal: AbortSignal,
  ask: (messages: ChatMessage[]) => Promise<T>,
): Promise<T> {
  try {
    return await ask(body.messages);
  } catch (error) {
    if (!(error instanceof ContextOverflow)) throw error;
    return ask(await fitting(session, body, error, signal));
  }
}
