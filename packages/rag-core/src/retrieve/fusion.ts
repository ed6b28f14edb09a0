import { dot } from './dense';

/**
 * Weight of meaning against words, passages that the question learns from, and how much it does. Chosen on the even
 * queries of Cranfield and on manual pages, reported on the odd ones too (docs/decisions/0108, 0121).
 */
export const meaning = 0.65;
export const feedbackPassages = 3;
export const feedback = 0.5;

/** Scores as distances from their mean, in standard deviations: so that cosines and BM25 can be added. */
export function standardised(scores: readonly number[]): number[] {
  const mean = scores.reduce((sum, score) => sum + score, 0) / Math.max(1, scores.length);
  const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / Math.max(1, scores.length);
  const deviation = Math.sqrt(variance) || 1;
  return scores.map((score) => (score - mean) / deviation);
}

/** Words and their parts in one score, half each. */
export function byWordsAndParts(words: readonly number[], parts: readonly number[]): number[] {
  const byParts = standardised(parts);
  return standardised(words).map((score, at) => (score + byParts[at]!) / 2);
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

/** A passage that seems to answer the question, and its fused score. */
export interface Teacher {
  vector: Float32Array;
  score: number;
}

/**
 * The question, moved towards the passages that seem to answer it (Rocchio 1971, with the best passages of the first
 * look taken for relevant): it then finds what speaks of the same in other words. One that stands behind the best counts
 * less, by the exponential of the distance: where one passage answers, the others pull little.
 */
export function movedTowards(question: Float32Array, teachers: readonly Teacher[]): Float32Array {
  if (teachers.length === 0) return question;
  const best = Math.max(...teachers.map(({ score }) => score));
  const weights = teachers.map(({ score }) => Math.exp(score - best));
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const moved = Float32Array.from(question);
  teachers.forEach(({ vector }, which) => {
    const share = (feedback * weights[which]!) / all;
    for (let at = 0; at < moved.length; at++) moved[at]! += share * vector[at]!;
  });
  const length = Math.sqrt(dot(moved, moved)) || 1;
  return moved.map((component) => component / length);
}
