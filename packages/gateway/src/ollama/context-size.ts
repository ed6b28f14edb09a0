import type { OllamaOptions } from '@nanite/contracts';
import { contextOverflow, upstreamError } from '../upstream/error';
import { fetchWhole } from '../upstream/client';
import type { Session } from '../upstream/session';

/**
 * Hold a request to the `num_ctx` that it names, where the worker has more: a prompt that is longer is refused, and the
 * answer ends where the context would be full.
 *
 * The prompt is counted only if it could be too long: no token is shorter than a byte.
 *
 * @returns the most tokens that the answer may have; null: no bound from here
 * @throws NaniteError 400 `context-overflow`
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
  if (plan === null || wanted === undefined || wanted >= plan.context) return null;
  const answer = options.num_predict ?? -1;
  if (answer >= 0 && bodyBytes + answer <= wanted) return null;
  const chat = path === '/v1/chat/completions';
  const counted = await fetchWhole(
    session.upstream,
    chat
      ? { method: 'POST', path: `${path}/input_tokens`, body: JSON.stringify(body) }
      : {
          method: 'POST',
          path: '/tokenize',
          body: JSON.stringify({
            content: `${String(body['prompt'] ?? body['input_prefix'] ?? '')}${String(body['input_suffix'] ?? '')}`,
            add_special: true,
          }),
        },
    signal,
  );
  const text = counted.body.toString('utf8');
  if (counted.status >= 400) throw upstreamError(counted.status, text);
  const parsed = JSON.parse(text) as { input_tokens?: number; tokens?: unknown[] };
  const tokens = parsed.input_tokens ?? parsed.tokens?.length ?? 0;
  if (tokens >= wanted) throw contextOverflow(tokens, wanted);
  return wanted - tokens;
}
