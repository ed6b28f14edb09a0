import type { Hit } from '@nanite/contracts';

export interface RelevanceLimits {
  /** Probability below which the best passage does not speak of the question: where meaning was compared, and words alone. */
  threshold: number;
  thresholdOfWords: number;
  /** Share of the best passage's probability below which a passage is not read beside it. */
  ofTheBest: number;
}

const best = (hits: readonly Hit[]): number => Math.max(0, ...hits.map(({ score }) => score));

/** Whether any passage speaks of the question. */
export function speakOfIt(hits: readonly Hit[], { threshold, thresholdOfWords }: RelevanceLimits): boolean {
  const compared = hits.some(({ ranks }) => ranks.dense !== null);
  return best(hits) >= (compared ? threshold : thresholdOfWords);
}

/** Passages that are read: a passage that surely speaks of the question is not drowned out by what hardly does. */
export const relevant = (hits: readonly Hit[], { ofTheBest }: RelevanceLimits): Hit[] => {
  const least = best(hits) * ofTheBest;
  return hits.filter(({ score }) => score >= least);
};
