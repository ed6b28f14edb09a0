import { ContextOverflow } from '../http/context-overflow';
import { upstreamError } from '../upstream/error';
import { fetchWhole } from '../upstream/client';
import type { Session } from '../upstream/session';

/** Marks between and around the two texts; and the instructions that a model of a large context puts there. */
const marks = (context: number): number => (context > 1024 ? 256 : 8);

async function call<T>(session: Session, path: string, body: object, signal: AbortSignal): Promise<T> {
  const request = { method: 'POST', path, body: JSON.stringify(body) } as const;
  const answer = await fetchWhole(session.upstream, request, signal);
  const text = answer.body.toString('utf8');
  if (answer.status >= 400) throw upstreamError(answer.status, text);
  return JSON.parse(text) as T;
}

/**
 * Documents whose beginnings fit a llama-server's context together with the query.
 *
 * @throws NaniteError `context-overflow` where the query alone does not
 */
export async function shortened(
  session: Session,
  query: string,
  documents: readonly string[],
  context: number,
  signal: AbortSignal,
): Promise<string[]> {
  const tokensOf = async (content: string) =>
    (await call<{ tokens: number[] }>(session, '/tokenize', { content }, signal)).tokens;
  const asked = (await tokensOf(query)).length;
  const most = context - asked - marks(context);
  if (most < 1) throw new ContextOverflow(asked, context);
  const cut: string[] = [];
  for (const document of documents) {
    const tokens = await tokensOf(document);
    cut.push(
      tokens.length <= most
        ? document
        : (await call<{ content: string }>(session, '/detokenize', { tokens: tokens.slice(0, most) }, signal))
            .content,
    );
  }
  return cut;
}
