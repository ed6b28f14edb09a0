import { deu, eng, fra, ita, nld, por, spa } from 'stopword';
import { stemmer } from 'stemmer';

/** Which the English list lacks; whoever cares about denial looks for it in the text itself. */
const denials = ['not', 'nor', 'neither', 'cannot', 'never', 'none'];

/**
 * Runs of letters and digits, as FTS5 has them (`ipv6`, `invoice2024`), with what joins them inside a number or a
 * contraction: `3.14`, `1,400`, `don't`.
 */
const word = /\p{N}+(?:[.,:]\p{N}+)*(?![\p{L}\p{M}\p{N}])|[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*/gu;

/** The same for a text of ASCII, as most are, in a fraction of the time: a search reads some hundred passages. */
const asciiWord = /[0-9]+(?:[.,:][0-9]+)*(?![a-z0-9])|[a-z0-9]+(?:'[a-z]+)*/g;

/** Articles and pronouns that French, Italian and Catalan write as one with the next word: `l'utilisateur`, `qu'il`, `dell'uso`. */
const elided = /^(?:[cdjlmnst]|qu|lorsqu|puisqu|quoiqu|jusqu|un|(?:d|n|s|c)?[aeou]ll|all)['’](?=\p{L}{2})/u;

/** Words of a text in their order, in one spelling: NFKC, small letters, without accents and elided articles. */
export function wordsOf(text: string): string[] {
  const words: string[] =
    (isAscii(text) ? text.toLowerCase().match(asciiWord) : spelling(text).match(word)) ?? [];
  return /['’]/.test(text) ? words.map(withoutElision) : words;
}

const isAscii = (text: string): boolean => /^[\0-\x7f]*$/.test(text);

const withoutElision = (found: string): string =>
  found.includes("'") || found.includes('’') ? found.replace(elided, '') : found;

/** As FTS5's `unicode61 remove_diacritics 2` sees it. */
const spelling = (text: string): string =>
  text.normalize('NFKD').replace(/\p{M}/gu, '').normalize('NFKC').toLowerCase();

/** In the spelling that words have here: `für` is met as `fur`, `été` as `ete`. */
const common = new Set([...eng, ...denials, ...deu, ...fra, ...ita, ...nld, ...por, ...spa].flatMap(wordsOf));

/** Whether a word says nothing of what a text is about: `the`, `und`. */
export const isCommon = (found: string): boolean => common.has(found);

/**
 * Stem by Porter's algorithm (1980), as FTS5's `porter` does: it sees bytes, so that a letter outside of ASCII is two
 * consonants (`große` ends in a double one, and loses its e). Of the 23,451 words of Cranfield and of manual pages in English,
 * German and French each comes out as FTS5's.
 */
export function stemOf(found: string): string {
  const bare = found.replace(/'s?$/, '');
  return isAscii(bare) ? stemmer(bare) : fromBytes(stemmer(toBytes(bare)));
}

/** Where bytes that are not ASCII are put for the stemmer: characters without case, which it takes for consonants. */
const beyond = 0xe000;
const toBytes = (text: string): string =>
  [...Buffer.from(text)].map((byte) => String.fromCharCode(byte < 0x80 ? byte : beyond + byte)).join('');
const fromBytes = (text: string): string =>
  Buffer.from([...text].map((character) => character.charCodeAt(0) % beyond)).toString();

/** Stems of the words that a text is about, in their order. */
export const stemsInOrder = (text: string): string[] =>
  wordsOf(text)
    .filter((found) => !isCommon(found))
    .map(stemOf)
    .filter((stem) => !isCommon(stem));

/** Stems of the words that a text is about, each once. */
export const stemsOf = (text: string): Set<string> => new Set(stemsInOrder(text));
