import type { OllamaOptions } from '@nanite/contracts';
import type { ChatBody } from '../chat/chat-body';
import { ContextOverflow } from '../http/context-overflow';
import { countTokens } from '../chat/truncating';
import type { Session } from '../upstream/session';
import { tokensOf } from './tokens';

/** Tokens of a prompt of /completion or /infill. */
async function rawTokens(
  session: Session,
  body: Record<string, unknown>,
  signal: AbortSignal,
): Promise<number> {
  const { prompt } = body;
  const parts = Array.isArray(prompt) ? (prompt as Array<number | string>) : [];
  const known = parts.filter((part) => typeof part === 'number').length;
  const texts = parts.filter((part) => typeof part === 'string');
  if (typeof prompt === 'string') texts.push(prompt);
  for (const name of ['input_prefix', 'input_suffix']) {
    const text = body[name];
    if (typeof text === 'string') texts.push(text);
  }
  return known + (await tokensOf(session, texts.join(''), known === 0, signal)).length;
}

/**
 * Hold a request to the `num_ctx` that it names, where the worker has more: a prompt that is longer is refused, and the
 * answer ends where the context would be full.
 *
 * The prompt is counted only if it could be too long: no token is shorter than a byte.
 *
 * @returns the most tokens that the answer may have; null: no bound from here
 * @throws ContextOverflow
 */
export async function holdToContext(
  session: Session,
  options: OllamaOptions,
  path: string,
  body: Record<string, unknown>,
  bodyBytes: number,
  signal: AbortSignal,
): Promise<number | null> {
  const { plan } = session;
  const wanted = options.num_ctx;
  if (plan === null || wanted === undefined || wanted <= 0 || wanted >= plan.context) return null;
  const answer = options.num_predict ?? -1;
  if (answer >= 0 && bodyBytes + answer <= wanted && !Array.isArray(body['prompt'])) return null;
  const tokens = await (path === '/v1/chat/completions'
    ? countTokens(session, body as ChatBody, signal)
    : rawTokens(session, body, signal));
  if (tokens >= wanted) throw new ContextOverflow(tokens, wanted);
  return wanted - tokens;
}
