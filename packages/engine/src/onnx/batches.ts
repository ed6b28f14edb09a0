import { batchTokens } from '@nanite/planning';

/** Inputs of one batch. */
const batchInputs = 32;

/**
 * Group inputs of like length, so that little is padded and memory is bounded.
 *
 * @param lengths tokens of each input
 * @returns groups of positions in `lengths`; an input longer than the bound is a group of its own
 */
export function batches(lengths: readonly number[]): number[][] {
  const order = lengths.map((_, position) => position).sort((a, b) => lengths[a]! - lengths[b]!);
  const groups: number[][] = [];
  let group: number[] = [];
  for (const position of order) {
    // Sorted: the newest is the longest, and all are padded to it.
    const padded = (group.length + 1) * lengths[position]!;
    if (group.length > 0 && (padded > batchTokens || group.length === batchInputs)) {
      groups.push(group);
      group = [];
    }
    group.push(position);
  }
  if (group.length > 0) groups.push(group);
  return groups;
}
