/** A generator that gives the same numbers each time (mulberry32), so that p does. */
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
 * What ships has one of its own (rag-core's eval): a bench imports nothing of what it measures.
 *
 * @returns p, at least 1 / (rounds + 1)
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
