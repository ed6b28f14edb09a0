import { stemOf, wordsOf } from '../words/stems';
import type { Term } from './terms';

/**
 * Robertson's BM25 in the form of Lucene. FTS5's own has k1 = 1.2 fixed, and its sum cannot leave words out that are in
 * too many chunks to be looked for; so it names candidates, and this orders them.
 */
export const k1 = 1.5;
export const b = 0.75;

const stems = new Map<string, string>();
/** Stems that are remembered: a vocabulary repeats itself. */
const mostStems = 50_000;

function remembered(word: string): string {
  let stem = stems.get(word);
  if (stem === undefined) {
    stem = stemOf(word);
    if (stems.size >= mostStems) stems.clear();
    stems.set(word, stem);
  }
  return stem;
}

/** How much a word tells, by the chunks that hold it. */
export const rarity = (chunks: number, all: number): number =>
  Math.log(1 + (all - chunks + 0.5) / (chunks + 0.5));

export interface WordScore {
  score: number;
  coverage: number;
}

/**
 * Score texts against a question.
 *
 * @param all chunks of the index
 */
export function scoreByWords(terms: readonly Term[], texts: readonly string[], all: number): WordScore[] {
  const position = new Map(terms.map(({ stem }, at) => [stem, at]));
  const weights = terms.map(({ chunks }) => rarity(Math.min(chunks, all), all));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  /** Of each word that was met: which term it is, or -1. Passages of one search share most of their words. */
  const met = new Map<string, number>();
  const termOf = (word: string): number => {
    let at = met.get(word);
    if (at === undefined) met.set(word, (at = position.get(remembered(word)) ?? -1));
    return at;
  };
  const counted = texts.map((text) => {
    const words = wordsOf(text);
    const counts = new Array<number>(terms.length).fill(0);
    for (const word of words) {
      const at = termOf(word);
      if (at >= 0) counts[at]! += 1;
    }
    return { length: words.length, counts };
  });
  const average = counted.reduce((sum, { length }) => sum + length, 0) / Math.max(1, counted.length) || 1;
  return counted.map(({ length, counts }) => {
    const norm = k1 * (1 - b + (b * length) / average);
    let score = 0;
    let covered = 0;
    counts.forEach((count, at) => {
      if (count === 0) return;
      score += (terms[at]!.times * weights[at]! * count * (k1 + 1)) / (count + norm);
      covered += weights[at]!;
    });
    return { score, coverage: total === 0 ? 0 : covered / total };
  });
}
