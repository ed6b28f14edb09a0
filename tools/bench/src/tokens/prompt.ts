const words =
  'river stone lantern winter harbour engine violet copper meadow signal garden thunder paper orchard silver window'.split(
    ' ',
  );

/** A text of so many common words, each about one token, that begins unlike any other `seed`'s. */
export function promptOf(length: number, seed: number): string {
  let state = seed * 2_654_435_761 + 12_345;
  return Array.from({ length }, () => {
    // Numerical Recipes' linear congruential generator, modulo 2^32; its high bits are good enough here.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return words[state >>> 28];
  }).join(' ');
}
