import { dot } from './dense';

/**
 * Weight of meaning against words, passages that the question learns from, and how much it does. Chosen on the even
 * queries of Cranfield and on manual pages, reported on the odd ones too (docs/decisions/0108).
 */
export const meaning = 0.6;
export const feedbackPassages = 3;
export const feedback = 0.5;

/** Scores as distances from their mean, in standard deviations: so that cosines and BM25 can be added. */
export function standardised(scores: readonly number[]): number[] {
  const mean = scores.reduce((sum, score) => sum + score, 0) / Math.max(1, scores.length);
  const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / Math.max(1, scores.length);
  const deviation = Math.sqrt(variance) || 1;
  return scores.map((score) => (score - mean) / deviation);
}

/** Words and meaning in one score; a passage without a vector counts as the one that is farthest away. */
export function fused(words: readonly number[], cosines: ReadonlyArray<number | null>): number[] {
  const known = cosines.filter((cosine) => cosine !== null);
  if (known.length === 0) return standardised(words);
  const least = Math.min(...known);
  const byMeaning = standardised(cosines.map((cosine) => cosine ?? least));
  const byWords = standardised(words);
  return byWords.map((score, at) => meaning * byMeaning[at]! + (1 - meaning) * score);
}

/**
 * The question, moved towards the passages that seem to answer it (Rocchio 1971, with the best passages of the first
 * look taken for relevant): it then finds what speaks of the same in other words.
 */
export function movedTowards(question: Float32Array, passages: readonly Float32Array[]): Float32Array {
  if (passages.length === 0) return question;
  const moved = Float32Array.from(question);
  for (const passage of passages) {
    for (let at = 0; at < moved.length; at++) moved[at]! += (feedback * passage[at]!) / passages.length;
  }
  const length = Math.sqrt(dot(moved, moved)) || 1;
  return moved.map((component) => component / length);
}
