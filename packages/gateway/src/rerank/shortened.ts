import { ContextOverflow } from '../http/context-overflow';
import { askJson } from '../upstream/ask-json';
import type { Session } from '../upstream/session';

/** Marks between and around the two texts; and the instructions that a model of a large context puts there. */
const marks = (context: number): number => (context > 1024 ? 256 : 8);

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
    (await askJson<{ tokens: number[] }>(session, '/tokenize', { content }, signal)).tokens;
  const asked = (await tokensOf(query)).length;
  const most = context - asked - marks(context);
  if (most < 1) throw new ContextOverflow(asked, context);
  const cut: string[] = [];
  for (const document of documents) {
    const tokens = await tokensOf(document);
    cut.push(
      tokens.length <= most
        ? document
        : (
            await askJson<{ content: string }>(
              session,
              '/detokenize',
              { tokens: tokens.slice(0, most) },
              signal,
            )
          ).content,
    );
  }
  return cut;
}
