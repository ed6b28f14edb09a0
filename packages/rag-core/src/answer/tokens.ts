import { isCommon, stemOf, wordsOf } from '../words/stems';
import { numberOf } from './light-words';

/** A word of a text as far as claims are checked. */
export interface Token {
  /** In the spelling of {@link wordsOf}. */
  word: string;
  /** Numbers in their one spelling. */
  stem: string;
  number: boolean;
  /** Written with a capital, and not because a sentence begins. */
  name: boolean;
  /** Says nothing of what a text is about: `the`. */
  common: boolean;
  /** Nothing but white space stands between it and the word before. */
  joined: boolean;
}

const run = /[\p{L}\p{M}\p{N}]+(?:['’.,:_][\p{L}\p{M}\p{N}]+)*/gu;

/** What stands right before a place, as much as tells whether a sentence begins there. */
const lead = (text: string, at: number): string =>
  at <= 8 ? text.slice(0, at) : `,${text.slice(at - 8, at)}`;

/** Words of a text in their order. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let end = 0;
  for (const found of text.matchAll(run)) {
    const begins = /(?:^|[.!?:|]["'”’)]*\s+|^\s*["'“‘(*_-]+\s*)$/u.test(lead(text, found.index));
    const capital = /^\p{Lu}/u.test(found[0]);
    let joined = /^\s*$/.test(text.slice(end, found.index));
    end = found.index + found[0].length;
    // The parts of `parse_frame` name it together.
    const identifier = /[\p{L}\p{N}]_[\p{L}\p{N}]|\p{Ll}\p{Lu}/u.test(found[0]);
    for (const word of wordsOf(found[0])) {
      const number = numberOf(word);
      const common = number === null && isCommon(word);
      tokens.push({
        word,
        stem: number ?? stemOf(word),
        number: number !== null,
        name: (identifier || (capital && !begins)) && !common,
        common,
        joined,
      });
      joined = true;
    }
  }
  return tokens;
}

/** Words that a text is about. */
export const telling = (tokens: readonly Token[]): Token[] =>
  tokens.filter(({ common, stem }) => !common && !isCommon(stem));
