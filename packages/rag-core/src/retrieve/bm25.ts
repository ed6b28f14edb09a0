import { stemOf, wordsOf } from '../words/stems';
import { b, k1, rarity } from './okapi';
import type { Term } from './terms';
import type { Stems } from './teachers-words';
import { PartScores, type Parts } from './word-parts';

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

interface Met {
  stem: string;
  /** Which word of the question; -1: none. */
  term: number;
  parts: Parts;
}

export interface WordScore {
  score: number;
  coverage: number;
  /** BM25 of the parts of the words: `gasket` has some of `gaskets`, `filesystem` some of `file`. */
  parts: number;
  /** Stems of the text in their order. */
  stems: Stems;
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
  const partly = new PartScores(terms);
  /** What each word is, once: passages of one search share most of their words, and each of some 40,000 is looked up. */
  const met = new Map<string, Met>();
  const read = (word: string): Met => {
    const stem = remembered(word);
    const of = { stem, term: position.get(stem) ?? -1, parts: partly.read(stem) };
    met.set(word, of);
    return of;
  };
  const counted = texts.map((text) => {
    const words = wordsOf(text);
    const counts = new Array<number>(terms.length).fill(0);
    const stems = new Array<string>(words.length);
    partly.next();
    words.forEach((word, at) => {
      const { stem, term, parts } = met.get(word) ?? read(word);
      stems[at] = stem;
      if (term >= 0) counts[term]! += 1;
      partly.count(parts);
    });
    return { length: words.length, counts, stems };
  });
  const parts = partly.scores();
  const average = counted.reduce((sum, { length }) => sum + length, 0) / Math.max(1, counted.length) || 1;
  return counted.map(({ length, counts, stems: inOrder }, which) => {
    const norm = k1 * (1 - b + (b * length) / average);
    let score = 0;
    let covered = 0;
    counts.forEach((count, at) => {
      if (count === 0) return;
      score += (terms[at]!.times * weights[at]! * count * (k1 + 1)) / (count + norm);
      covered += weights[at]!;
    });
    return { score, coverage: total === 0 ? 0 : covered / total, parts: parts[which]!, stems: inOrder };
  });
}
