import { isCommon, stemOf, stemsInOrder, stemsOf, wordsOf } from '../words/stems';
import { sentencesOf } from './sentences';

/** A passage as far as claims are checked against it. */
export interface Evidence {
  number: number;
  text: string;
  /** Title and headings: they may name what the text only calls `it`. */
  context: string;
}

/** Words of a passage that may bear a claim out: one sentence, or two that follow each other. */
export interface Window {
  number: number;
  quote: string;
  stems: Set<string>;
  /** The same stems as often as they stand there, in their order. */
  order: string[];
  numbers: Set<string>;
  negated: boolean;
}

export interface Support {
  window: Window;
  /** Share of the claim's words that stand there, 0 to 1; 0 where it was meaning that decided. */
  words: number;
  /** Cosine of claim and quote, where that decided. */
  likeness: number | null;
}

/**
 * Thresholds, chosen on the pairs of support.test.ts: claims that their passage bears out, and ones that it does not.
 * `own` are the words that the question did not have: a claim that only says those again is none.
 */
const enough = {
  words: 0.65,
  quoted: 0.5,
  own: 0.5,
  /** Share of neighbouring words of the claim that the quote has in the same order. */
  order: 0.5,
  wordsWithLikeness: 0.4,
  likeness: 0.82,
};

/** A claim of so few words must have them all: of `the gate is a package`, two of three words say nothing. */
const fewWords = 4;

/** Words that a claim has at least: `The answer is:` is none. */
const leastWords = 2;

/** What Markdown leaves at the beginning of a sentence: the end of bold type, the mark of a list, a bar of a table. */
const loneMarks = /^(?:[*_~>#|+-]+\s+)+/;

/** Sentences of a passage, and pairs of neighbours, as places where a claim may be borne out. */
export function windowsOf({ number, text }: Evidence): Window[] {
  const sentences = sentencesOf(text);
  const spans = sentences.flatMap(({ from, to, text: one }, at) => {
    const next = sentences[at + 1];
    // A pair of which one denies and the other affirms would bear out the contrary of each.
    return next && isNegated(one) === isNegated(next.text)
      ? [
          { from, to },
          { from, to: next.to },
        ]
      : [{ from, to }];
  });
  return spans.map(({ from, to }) => {
    const quote = text.slice(from, to).replace(loneMarks, '');
    const order = stemsAndNumbers(quote);
    return {
      number,
      quote,
      stems: new Set(order),
      order,
      numbers: numbersOf(quote),
      negated: isNegated(quote),
    };
  });
}

/**
 * What bears a claim out best, or null where nothing does.
 *
 * There is no model of entailment that is small enough to be everywhere, so this is a check of form, and a strict one:
 * - every number of the claim stands in the quote (or in the question): an invented date or amount fails;
 * - every name of the claim stands in the passage, its headings, or the question;
 * - most of its words stand in the quote, its headings counted, and so do half of those that the question did not have;
 *   or fewer do, and the two sentences mean the same by their vectors;
 * - what it has of its words it has in the order of the quote, as far as half of the neighbours go, and it does not go in a
 *   circle (`the gate is a version of the gate`);
 * - both are negated or neither is: `it does not listen` is not borne out by `it listens`;
 * - the claim says more than the question did.
 *
 * A claim that turns the words of one sentence around passes; one that no source speaks of does not.
 *
 * @param likeness cosine of the claim and each of some windows; asked only for those that it can decide about
 */
export async function supportOf(
  claim: string,
  question: string,
  evidence: readonly Evidence[],
  windows: readonly Window[],
  likeness: (windows: readonly Window[]) => Promise<ReadonlyArray<number | null>>,
): Promise<Support | null> {
  const asked = stemsOf(question);
  const order = stemsAndNumbers(claim);
  const stems = [...new Set(order)];
  const own = stems.filter((stem) => !asked.has(stem));
  if (own.length === 0 || stems.length < leastWords || claim.endsWith(':')) return null;
  const askedNumbers = numbersOf(question);
  const numbers = [...numbersOf(claim)].filter((number) => !askedNumbers.has(number));
  const names = namesOf(claim).filter((name) => !asked.has(name));
  const negated = isNegated(claim);
  const said = new Map(
    evidence.map(({ number, text, context }) => [
      number,
      { all: stemsOf(`${context}\n${text}`), context: stemsOf(context) },
    ]),
  );

  const possible: Support[] = [];
  for (const window of windows) {
    if (window.negated !== negated) continue;
    if (!numbers.every((number) => window.numbers.has(number))) continue;
    const source = said.get(window.number);
    if (!source || !names.every((name) => source.all.has(name))) continue;
    const there = stems.filter((stem) => window.stems.has(stem));
    // Headings say what `it` is; they bear nothing out by themselves.
    const quoted = there.length / stems.length;
    const withContext = stems.filter((stem) => window.stems.has(stem) || source.context.has(stem));
    const ownThere = own.filter((stem) => window.stems.has(stem)).length / own.length;
    const words = withContext.length / stems.length;
    if (ownThere >= enough.wordsWithLikeness && quoted >= enough.wordsWithLikeness) {
      if (goesInCircles(order, window.order) || orderly(order, window.order) < enough.order) continue;
      const plain =
        words >= (stems.length <= fewWords ? 1 : enough.words) &&
        quoted >= enough.quoted &&
        ownThere >= enough.own;
      possible.push({ window, words: plain ? (words + ownThere) / 2 : 0, likeness: null });
    }
  }
  const plain = possible.filter(({ words }) => words > 0).sort(better)[0];
  if (plain) return plain;
  const near = await likeness(possible.map(({ window }) => window));
  return (
    possible
      .map((support, at) => ({ ...support, likeness: near[at] ?? null }))
      .filter((support) => (support.likeness ?? 0) >= enough.likeness)
      .sort((one, other) => other.likeness! - one.likeness!)[0] ?? null
  );
}

/** Whether a claim says a word again which the quote has once. Words that follow each other twice (`bit by bit`) are one. */
function goesInCircles(claim: readonly string[], quote: readonly string[]): boolean {
  const times = (stems: readonly string[], wanted: string) => stems.filter((stem) => stem === wanted).length;
  return claim.some((stem, at) => {
    const there = times(quote, stem);
    return claim[at - 1] !== stem && there > 0 && times(claim, stem) > there;
  });
}

/**
 * Share of the neighbours in a claim, among its words that the quote has, which follow each other there too, with at most
 * {@link reach} words between; 1 where there are none to compare.
 */
function orderly(claim: readonly string[], quote: readonly string[]): number {
  const there = new Set(quote);
  const shared = claim.filter((stem) => there.has(stem));
  const pairs = shared.slice(1).map((stem, at) => [shared[at]!, stem] as const);
  if (pairs.length === 0) return 1;
  const kept = pairs.filter(([one, next]) =>
    quote.some((stem, at) => stem === one && quote.slice(at + 1, at + 2 + reach).includes(next)),
  );
  return kept.length / pairs.length;
}

/** Words that may stand between two that belong together. */
const reach = 8;

/** More of the words; then the shorter quote, which says it more plainly. */
const better = (one: Support, other: Support): number =>
  other.words - one.words || one.window.quote.length - other.window.quote.length;

/** Cosine of two vectors of unit length. */
export function cosine(one: Float32Array, other: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < one.length; at++) sum += one[at]! * other[at]!;
  return sum;
}

const digits = /^\p{N}/u;

/** Numbers lose what parts their thousands: `1,400` and `1400` are the same. */
const plainNumber = (word: string): string => word.replace(/(?<=^\p{N}+)[,.](?=\p{N}{3}(?:\D|$))/gu, '');

/** Numbers of a text in one spelling. */
const numbersOf = (text: string): Set<string> =>
  new Set(
    wordsOf(text)
      .filter((word) => digits.test(word))
      .map(plainNumber),
  );

const stemsAndNumbers = (text: string): string[] => stemsInOrder(text).map(plainNumber);

/** Stems of words with a capital that do not begin the sentence: names, as far as writing tells. */
const namesOf = (text: string): string[] =>
  [...text.matchAll(/(?<=[\p{L}\p{N},;:)"'’”]\s+["'“‘(]?)\p{Lu}[\p{L}\p{M}\p{N}]+/gu)]
    .map(([word]) => wordsOf(word)[0])
    .filter((word): word is string => word !== undefined && !isCommon(word))
    .map(stemOf);

const negation =
  /\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|nicht|kein\w*|nie|ohne|pas|jamais|sans|nunca|sin)\b|n['’]t\b/i;

const isNegated = (text: string): boolean => negation.test(text);
