/**
 * Probability that a passage speaks of what was asked, from its cosine to the question and from how much of the
 * question's words stand in it. Logistic regression; how it was fitted is in docs/decisions/0109.
 */
export function probability(cosine: number | null, coverage: number): number {
  const z = cosine === null ? -2.5 + 3.5 * coverage : -17 + 22 * cosine + 2 * coverage;
  return 1 / (1 + Math.exp(-z));
}
