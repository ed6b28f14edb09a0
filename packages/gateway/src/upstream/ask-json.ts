import { fetchWhole } from './client';
import { upstreamError } from './error';
import type { Session } from './session';

/**
 * A short question to a worker or backend, and its answer as JSON: tokens of a text, a prompt in its template.
 *
 * @throws UpstreamFailure, NaniteError as the server says, or the signal's reason
 */
export async function askJson<T>(
  { upstream }: Pick<Session, 'upstream'>,
  path: string,
  body: unknown,
  signal: AbortSignal,
): Promise<T> {
  const request = { method: 'POST', path, body: JSON.stringify(body) } as const;
  const answer = await fetchWhole(upstream, request, signal);
  const text = answer.body.toString('utf8');
  if (answer.status >= 400) throw upstreamError(answer.status, text);
  return JSON.parse(text) as T;
}
