import { b, k1, rarity } from './okapi';

/** Words that the teachers tell, and how much their score counts beside words and meaning (docs/decisions/0158). */
const mostWords = 30;
export const teachersWordsWeight = 0.3;

/** Stems of a text in their order. */
export type Stems = readonly string[];

export interface WordTeacher {
  /** Which of the texts. */
  at: number;
  /** Its fused score. */
  score: number;
}

/**
 * Score texts by the words that the best of them share (Lavrenko and Croft 2001, the relevance model, over the texts at hand): a question has
 * few words, and what answers it has more of them in common. A teacher that stands behind the best counts less, by the exponential of
 * the distance. Rare is what is rare among these texts: all of them are near the question, and its subject tells nothing there.
 */
export function scoreByTeachersWords(texts: readonly Stems[], teachers: readonly WordTeacher[]): number[] {
  const nothing = texts.map(() => 0);
  if (teachers.length === 0) return nothing;
  const position = new Map<string, number>();
  for (const { at } of teachers) {
    for (const stem of texts[at]!)
      if (stem.length > 2 && !position.has(stem)) position.set(stem, position.size);
  }
  const counts = texts.map((stems) => {
    const found = new Map<number, number>();
    for (const stem of stems) {
      const which = position.get(stem);
      if (which !== undefined) found.set(which, (found.get(which) ?? 0) + 1);
    }
    return found;
  });
  const holding = new Array<number>(position.size).fill(0);
  for (const found of counts) for (const which of found.keys()) holding[which]! += 1;
  const rare = holding.map((some) => rarity(some, texts.length));

  const chosen = tellingWords(texts, counts, teachers, holding, rare);
  const average = texts.reduce((sum, { length }) => sum + length, 0) / texts.length || 1;
  return counts.map((found, at) => {
    const norm = k1 * (1 - b + (b * texts[at]!.length) / average);
    let score = 0;
    for (const [which, weight] of chosen) {
      const count = found.get(which) ?? 0;
      if (count > 0) score += (weight * rare[which]! * count * (k1 + 1)) / (count + norm);
    }
    return score;
  });
}

/** The words that the teachers tell most, with their weights. */
function tellingWords(
  texts: readonly Stems[],
  counts: ReadonlyArray<ReadonlyMap<number, number>>,
  teachers: readonly WordTeacher[],
  holding: readonly number[],
  rare: readonly number[],
): ReadonlyArray<readonly [which: number, weight: number]> {
  const best = Math.max(...teachers.map(({ score }) => score));
  const shares = teachers.map(({ score }) => Math.exp(score - best));
  const all = shares.reduce((sum, share) => sum + share, 0);
  const weights = new Map<number, number>();
  teachers.forEach(({ at }, teacher) => {
    const share = shares[teacher]! / all / Math.max(1, texts[at]!.length);
    for (const [which, count] of counts[at]!) {
      if (holding[which]! > 1) weights.set(which, (weights.get(which) ?? 0) + share * count * rare[which]!);
    }
  });
  const chosen = [...weights].sort((one, other) => other[1] - one[1]).slice(0, mostWords);
  const total = chosen.reduce((sum, [, weight]) => sum + weight, 0) || 1;
  return chosen.map(([which, weight]) => [which, weight / total] as const);
}
