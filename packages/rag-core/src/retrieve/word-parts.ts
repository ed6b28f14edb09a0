import { b, k1, rarity } from './okapi';
import type { Term } from './terms';

/** Letters of a part (McNamee and Mayfield 2004: four are best for English and most languages of Europe). */
const letters = 4;

/** Parts of a stem, its beginning and end marked; a short one is a part by itself. */
function partsOf(stem: string): string[] {
  const marked = `_${stem}_`;
  if (marked.length <= letters) return [marked];
  const parts: string[] = [];
  for (let at = 0; at + letters <= marked.length; at++) parts.push(marked.slice(at, at + letters));
  return parts;
}

/** Of a word: how many parts it has, and which of the question's; null: none. */
export interface Parts {
  length: number;
  found: readonly number[] | null;
}

/**
 * BM25 over the parts of words, of those texts that words and meaning named: where a question and a passage have different words of one
 * family, the words alone see nothing. How rare a part is among these texts stands for how rare it is at all.
 */
export class PartScores {
  private readonly position = new Map<string, number>();
  /** How often each part stands in the question. */
  private readonly times: number[] = [];
  private readonly texts: Array<{ length: number; counts: Map<number, number> }> = [];

  constructor(terms: readonly Term[]) {
    for (const { stem, times } of terms) {
      for (const part of partsOf(stem)) {
        const at = this.position.get(part) ?? this.position.size;
        this.position.set(part, at);
        this.times[at] = (this.times[at] ?? 0) + times;
      }
    }
  }

  /** The next text begins. */
  next(): void {
    this.texts.push({ length: 0, counts: new Map() });
  }

  read(stem: string): Parts {
    const parts = partsOf(stem);
    const found = parts.flatMap((part) => this.position.get(part) ?? []);
    return { length: parts.length, found: found.length === 0 ? null : found };
  }

  /** A word of the text. */
  count({ length, found }: Parts): void {
    const text = this.texts.at(-1)!;
    text.length += length;
    if (found === null) return;
    for (const at of found) text.counts.set(at, (text.counts.get(at) ?? 0) + 1);
  }

  /** Of each text. */
  scores(): number[] {
    const all = this.texts.length;
    const holding = new Array<number>(this.times.length).fill(0);
    for (const { counts } of this.texts) for (const at of counts.keys()) holding[at]! += 1;
    const weights = this.times.map((times, at) => times * rarity(holding[at]!, all));
    const average = this.texts.reduce((sum, { length }) => sum + length, 0) / Math.max(1, all) || 1;
    return this.texts.map(({ length, counts }) => {
      const norm = k1 * (1 - b + (b * length) / average);
      let score = 0;
      for (const [at, count] of counts) score += (weights[at]! * count * (k1 + 1)) / (count + norm);
      return score;
    });
  }
}
