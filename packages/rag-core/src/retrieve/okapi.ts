/**
 * Robertson's BM25 in the form of Lucene. FTS5's own has k1 = 1.2 fixed, and its sum cannot leave words out that are in
 * too many chunks to be looked for; so it names candidates, and this orders them.
 */
export const k1 = 1.5;
export const b = 0.75;

/** How much a word tells, by the chunks that hold it. */
export const rarity = (chunks: number, all: number): number =>
  Math.log(1 + (all - chunks + 0.5) / (chunks + 0.5));
