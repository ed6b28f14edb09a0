import { fetchWhole } from '../upstream/client';
import { upstreamError } from '../upstream/error';
import type { Session } from '../upstream/session';

async function ask<T>(session: Session, path: string, body: unknown, signal: AbortSignal): Promise<T> {
  const request = { method: 'POST', path, body: JSON.stringify(body) } as const;
  const answer = await fetchWhole(session.upstream, request, signal);
  const text = answer.body.toString('utf8');
  if (answer.status >= 400) throw upstreamError(answer.status, text);
  return JSON.parse(text) as T;
}

/**
 * Tokens of a text.
 *
 * @param special whether those that begin a prompt belong to it
 */
export async function tokensOf(
  session: Session,
  content: string,
  special: boolean,
  signal: AbortSignal,
): Promise<number[]> {
  const body = { content, add_special: special, parse_special: true };
  return (await ask<{ tokens: number[] }>(session, '/tokenize', body, signal)).tokens;
}

/** A conversation written out in the model's template, up to where its answer begins. */
export async function promptOf(
  session: Session,
  body: Record<string, unknown>,
  signal: AbortSignal,
): Promise<string> {
  return (await ask<{ prompt: string }>(session, '/apply-template', body, signal)).prompt;
}
