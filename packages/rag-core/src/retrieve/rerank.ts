import type { Hit } from '@nanite/contracts';
import { passageText } from '../vectors/passage-text';

/** Orders passages by reading each together with the question. */
export interface Reranker {
  /** Its name; null: there is none, as far as is known. */
  readonly model: string | null;
  /** Whether there is one now. Asked while words and meaning are searched. */
  ready(signal: AbortSignal): Promise<boolean>;
  /**
   * How well the first of the passages answer the question, larger is better; of as many as there was time for.
   *
   * @throws where it fails; the signal's reason
   */
  rerank(question: string, passages: readonly string[], signal: AbortSignal): Promise<readonly number[]>;
}

/** Passages that a reranker reads at most. */
export const mostReranked = 30;

/**
 * Hits in the reranker's order, as far as it read them; the others follow in theirs. Their scores stay: the reranker says
 * which passage is better, and not how likely one is to answer (docs/decisions/0120). Where it fails the order stands, and a
 * note says so.
 */
export async function reranked(
  hits: Hit[],
  question: string,
  reranker: Reranker,
  notes: string[],
  signal: AbortSignal,
): Promise<Hit[]> {
  if (hits.length < 2) return hits;
  const texts = hits
    .slice(0, mostReranked)
    .map(({ passage: { title, headings, text } }) =>
      passageText({ title, headings: JSON.stringify(headings), text }),
    );
  try {
    const scores = await reranker.rerank(question, texts, signal);
    const read = hits.slice(0, scores.length).map((hit, at) => ({ hit, score: scores[at]! }));
    // A stable sort: what the reranker cannot tell apart keeps the order that words and meaning gave.
    read.sort((a, b) => b.score - a.score);
    return [
      ...read.map(({ hit }, at) => ({ ...hit, ranks: { ...hit.ranks, rerank: at + 1 } })),
      ...hits.slice(scores.length),
    ];
  } catch (error) {
    signal.throwIfAborted();
    notes.push(`passages are not reranked: ${error instanceof Error ? error.message : String(error)}`);
    return hits;
  }
}
