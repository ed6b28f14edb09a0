/** How good a ranking is: `relevant` maps documents to grades above 0, `ranking` is best first. */
type Relevant = ReadonlyMap<string, number>;

/**
 * Normalised discounted cumulative gain at a cut, as trec_eval's ndcg_cut: the gain is the grade, the discount
 * log2(rank + 1). 0 where nothing is relevant.
 */
export function ndcg(ranking: readonly string[], relevant: Relevant, cut: number): number {
  const gain = (grades: readonly number[]) =>
    grades.slice(0, cut).reduce((sum, grade, at) => sum + grade / Math.log2(at + 2), 0);
  const best = gain([...relevant.values()].sort((a, b) => b - a));
  return best === 0 ? 0 : gain(ranking.map((document) => relevant.get(document) ?? 0)) / best;
}

/** Part of the relevant documents that stand before the cut. */
export function recall(ranking: readonly string[], relevant: Relevant, cut: number): number {
  if (relevant.size === 0) return 0;
  return ranking.slice(0, cut).filter((document) => relevant.has(document)).length / relevant.size;
}

/** One over the rank of the first relevant document; 0 where there is none. */
export function reciprocalRank(ranking: readonly string[], relevant: Relevant): number {
  const at = ranking.findIndex((document) => relevant.has(document));
  return at === -1 ? 0 : 1 / (at + 1);
}

/** A generator that gives the same numbers each time (mulberry32), so that a test's p does. */
function randomBits(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/**
 * Two-sided paired randomisation test (Smucker, Allan, Carterette 2007): how often a difference of the means at least as
 * large appears if, question by question, chance decides which value is whose.
 *
 * @returns p, at least 1 / (rounds + 1)
 * @throws RangeError where a value has no partner
 */
export function pairedRandomisation(a: readonly number[], b: readonly number[], rounds = 20_000): number {
  if (a.length !== b.length) throw new RangeError(`${a.length} values beside ${b.length}`);
  const differences = a.map((value, at) => value - b[at]!);
  const seen = Math.abs(differences.reduce((sum, difference) => sum + difference, 0));
  const random = randomBits(20_070_614);
  let extreme = 0;
  for (let round = 0; round < rounds; round++) {
    let sum = 0;
    let bits = 0;
    differences.forEach((difference, at) => {
      if (at % 32 === 0) bits = random();
      sum += bits & 1 ? difference : -difference;
      bits >>>= 1;
    });
    if (Math.abs(sum) >= seen - 1e-12) extreme += 1;
  }
  return (extreme + 1) / (rounds + 1);
}
