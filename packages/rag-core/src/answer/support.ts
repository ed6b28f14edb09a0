import { isAboutSources, isContrary, isLight, isUnit, sameAs } from './light-words';
import { speaksOf, standsIn, subjectOf, type Subject } from './subject';
import { telling, tokensOf, type Token } from './tokens';
import { isNegated, type Evidence, type Window } from './windows';

export interface Support {
  window: Window;
  /** Share of the claim's own words that stand in the quote itself, 0 to 1. */
  words: number;
  /** Cosine of claim and quote, where that decided. */
  likeness: number | null;
}

/** Chosen on the pairs of support.test.ts and of the question set of docs/decisions/0155. */
const enough = {
  /** Share of neighbouring words of the claim that the quote has in the same order. */
  order: 0.5,
  /** Share of the claim's own words, where one is missing and the two sentences mean the same. */
  words: 0.5,
  likeness: 0.82,
};

/** What one answer is checked against, made once. */
export interface Grounds {
  subject: Subject;
  windows: readonly Window[];
  /** Stems of title, headings and name, by the number of the passage. */
  contexts: ReadonlyMap<number, ReadonlySet<string>>;
}

export const groundsOf = (
  question: string,
  evidence: readonly Evidence[],
  windows: readonly Window[],
): Grounds => ({
  subject: subjectOf(question),
  windows,
  contexts: new Map(evidence.map(({ number, context }) => [number, stemsIn(context)])),
});

export const stemsIn = (text: string): Set<string> =>
  new Set(telling(tokensOf(text)).map(({ stem }) => stem));

/**
 * What bears a claim out best, or null where nothing does.
 *
 * There is no model of entailment that is small enough to be everywhere, so this is a check of form, and a strict one. A sentence of a
 * passage bears a claim out if
 * - it speaks of what was asked ({@link speaksOf}): that a word stands in the question says nothing about the source;
 * - all numbers and names of the claim stand in it, or in its headings;
 * - so do all of the claim's other words but light ones, in one form or another; or all but one, and the two sentences mean the same by
 *   their vectors. A word of the question may be the subject that the quote has from the sentences before it;
 * - what it has of the claim's words it has in the claim's order, as far as half of the neighbours go, and the claim does not go in a circle
 *   (`the gate is a version of the gate`);
 * - both are negated or neither is: `it does not listen` is not borne out by `it listens`.
 *
 * A claim has to say something of its own: neither only what the question said, nor a number alone (`The answer is 4`).
 *
 * A claim that turns the words of one sentence around passes; one that no source speaks of does not.
 *
 * @param likeness cosine of the claim and each of some windows; asked only for those that it can decide about
 */
export async function supportOf(
  claim: string,
  { subject, windows, contexts }: Grounds,
  among: (window: Window) => boolean,
  likeness: (windows: readonly Window[]) => Promise<ReadonlyArray<number | null>>,
): Promise<Support | null> {
  const all = tokensOf(claim);
  const tokens = telling(all).filter(({ stem }) => !isAboutSources(stem) || subject.asked.has(stem));
  const order = tokens.map(({ stem }) => stem);
  const said = new Set(order);
  const firm = new Set(tokens.filter(({ name, number }) => name || number).map(({ stem }) => stem));
  const own = new Set(order.filter((stem) => !subject.asked.has(stem)));
  const telltale = [...own].filter((stem) => firm.has(stem) || !isLight(stem));
  if (telltale.length === 0 || wordsIn(all) < leastWords || claim.endsWith(':')) return null;
  const negated = isNegated(claim);

  const possible: Array<Support & { missing: number }> = [];
  for (const window of windows) {
    if (!among(window) || [...own].some((stem) => window.denied.has(stem)) !== negated) continue;
    if (isContrary([...said, ...subject.asked], window.stems) || countsOtherwise(all, window.tokens))
      continue;
    const context = contexts.get(window.number) ?? new Set();
    if (!speaksOf(window, subject, context)) continue;
    const stands = (stem: string) => standsIn(stem, window.stems);
    const lacking = [...said].filter(
      (stem) =>
        !stands(stem) &&
        !standsIn(stem, context) &&
        !(subject.asked.has(stem) && standsIn(stem, window.before)),
    );
    if (lacking.some((stem) => firm.has(stem))) continue;
    // The subject may be the headings'; what is said of it is not.
    const ownThere = telltale.filter(stands).length / telltale.length;
    const missing = lacking.filter((stem) => !isLight(stem)).length;
    if (missing > 1 || ownThere < enough.words) continue;
    if (goesInCircles(order, window.order) || orderly(order, window.order) < enough.order) continue;
    possible.push({ window, words: ownThere, likeness: null, missing });
  }
  const plain = possible.filter(({ missing }) => missing === 0).sort(better)[0];
  if (plain) return plain;
  if (possible.length === 0) return null;
  const near = await likeness(possible.map(({ window }) => window));
  return (
    possible
      .map((support, at) => ({ ...support, likeness: near[at] ?? null }))
      .filter((support) => (support.likeness ?? 0) >= enough.likeness)
      .sort((one, other) => other.likeness! - one.likeness!)[0] ?? null
  );
}

/** Words that a claim has at least: `The answer is:` and `4` are none. */
const leastWords = 2;

const wordsIn = (tokens: readonly Token[]): number =>
  new Set(tokens.filter(({ common, stem }) => !common && !isAboutSources(stem)).map(({ stem }) => stem)).size;

/** Whether a number of the claim counts something else there: `24 days` beside `24 months`. */
const countsOtherwise = (claim: readonly Token[], quote: readonly Token[]): boolean => {
  const unitsOf = (tokens: readonly Token[], number: string) =>
    tokens.flatMap(({ stem }, at) => {
      const next = tokens[at + 1];
      return stem === number && next && isUnit(next.stem) ? [next.stem] : [];
    });
  return claim.some(({ number, stem }, at) => {
    const next = claim[at + 1];
    if (!number || !next || !isUnit(next.stem)) return false;
    const there = unitsOf(quote, stem);
    return there.length > 0 && !there.includes(next.stem);
  });
};

/** Whether a claim says a word again which the quote has once. Words that follow each other twice (`bit by bit`) are one. */
function goesInCircles(claim: readonly string[], quote: readonly string[]): boolean {
  const times = (stems: readonly string[], wanted: string) =>
    stems.filter((stem) => sameAs(stem, wanted)).length;
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
