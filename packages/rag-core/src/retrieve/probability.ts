/** Whether the cosines of a model's vectors are what the numbers below were fitted on: those of another mean something else. */
export const calibrated = (model: string): boolean => /^bge-small(-en|:|$)/.test(model);

/**
 * Probability that a passage speaks of what was asked, from its cosine to the question and from how much of the
 * question's words stand in it (0 to 1, weighted by rarity).
 *
 * Logistic regression over the first five hits of half of the questions of Cranfield and of manual pages, each also asked
 * of the other collection, where nothing answers them. On the other half, of the hits between 0.2 and 0.4 0.32 are
 * relevant, between 0.4 and 0.6 0.48, between 0.6 and 0.8 0.62, above 0.8 0.79, below 0.2 0.04 (docs/decisions/0109).
 *
 * @param cosine of vectors of bge-small, the question with its instruction; null: meaning was not compared, or by a model
 * whose cosines are not {@link calibrated}
 */
export function probability(cosine: number | null, coverage: number): number {
  const z = cosine === null ? -3.7 + 4.8 * coverage : -12.3 + 14 * cosine + 2.3 * coverage;
  return 1 / (1 + Math.exp(-z));
}
