/** Places from 0, the largest number first; equal ones share the middle of their places. */
function ranks(numbers: readonly number[]): number[] {
  const order = numbers.map((_, i) => i).sort((a, b) => numbers[b]! - numbers[a]!);
  const places = numbers.map(() => 0);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to + 1 < order.length && numbers[order[to + 1]!] === numbers[order[from]!]) to += 1;
    for (let at = from; at <= to; at++) places[order[at]!] = (from + to) / 2;
    from = to + 1;
  }
  return places;
}

/**
 * How far two models put the same things in the same order: Spearman's rank correlation, 1 for the same order, 0 for none
 * in common, -1 for the opposite. Models differ in how large their numbers are; the order is what is used of them.
 *
 * @returns null where one of them makes no difference between any two
 */
export function agreement(a: readonly number[], b: readonly number[]): number | null {
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (a.length - 1) / 2;
  const sum = (of: (i: number) => number): number => x.reduce((total, _, i) => total + of(i), 0);
  const spread = Math.sqrt(sum((i) => (x[i]! - mean) ** 2) * sum((i) => (y[i]! - mean) ** 2));
  return spread === 0 ? null : sum((i) => (x[i]! - mean) * (y[i]! - mean)) / spread;
}
