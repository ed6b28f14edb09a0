import { distance } from 'fastest-levenshtein';

/**
 * The candidates that `word` may have been meant to be, the likeliest first: those within a third of its length in
 * edits (at least two), and those that it begins.
 */
export function nearest(word: string, candidates: Iterable<string>, most = 3): string[] {
  const limit = Math.max(2, Math.floor(word.length / 3));
  const lower = word.toLowerCase();
  return [...new Set(candidates)]
    .map((candidate) => {
      const other = candidate.toLowerCase();
      const begun = lower.length >= 2 && other.startsWith(lower);
      return { candidate, edits: begun ? 1 : distance(lower, other) };
    })
    .filter(({ edits }) => edits <= limit)
    .sort((a, b) => a.edits - b.edits)
    .slice(0, most)
    .map(({ candidate }) => candidate);
}
