/** Characters of the end of an answer that are looked at. */
const window = 4000;
/** Longest text that is looked for again and again, in characters. */
const longestPeriod = 600;
/** How much of it there must be: so many characters, and so many times. Tables have lines of a hundred dashes. */
const leastCharacters = 320;
const leastTimes = 5;
/** Characters between two looks. */
const interval = 48;

/** How a text ends: `length` characters of which each is the one `period` characters before it. */
export interface Repetition {
  period: number;
  length: number;
}

/**
 * The repetition at the end of a text, or null. By the failure function of Knuth, Morris and Pratt over the text read
 * backwards: what begins the reversed text with period p ends the text with it.
 */
export function repetitionAtEnd(text: string): Repetition | null {
  const end = text.slice(-window);
  const at = (i: number): number => end.charCodeAt(end.length - 1 - i);
  const borders = [0];
  let found: Repetition | null = null;
  for (let i = 1, border = 0; i < end.length; i++) {
    while (border > 0 && at(i) !== at(border)) border = borders[border - 1] ?? 0;
    if (at(i) === at(border)) border++;
    borders.push(border);
    const length = i + 1;
    const period = length - border;
    if (period <= longestPeriod && length >= Math.max(leastCharacters, leastTimes * period)) {
      if (found === null || period <= found.period) found = { period, length };
    }
  }
  return found;
}

/** Watches an answer for the loop that small models fall into: the same words until their limit ends them. */
export class RepetitionWatch {
  #text = '';
  #seen = 0;

  /** @returns whether the answer has come to repeat itself */
  add(piece: string): boolean {
    this.#text += piece;
    if (this.#text.length - this.#seen < interval) return false;
    this.#seen = this.#text.length;
    return repetitionAtEnd(this.#text) !== null;
  }
}

/** A text without the repetition at its end: what is repeated stays once. */
export function withoutRepetition(text: string): string {
  const found = repetitionAtEnd(text);
  return found === null ? text : text.slice(0, text.length - found.length + found.period);
}
