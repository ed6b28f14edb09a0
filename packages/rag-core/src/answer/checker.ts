import type { Quotation } from '@nanite/contracts';
import { wordsOf } from '../words/stems';
import { speaksToTheModel } from './injection';
import { sentencesOf } from './sentences';
import type { AnswerText } from './sources';
import { missingFrom, speaksOf, standsIn } from './subject';
import { cosine, groundsOf, stemsIn, supportOf, type Grounds } from './support';
import { windowsOf, type Evidence, type Window } from './windows';

/** Words of a sentence that is worth quoting; a heading has fewer. */
const leastQuoted = 5;

/** Sentences that are compared by meaning where passages are quoted: each costs a text's vector. */
const mostCompared = 8;

/** A second quotation is shown where it is so near as this part of the first. */
const asGood = 0.92;

export interface CheckerParts {
  /** Vectors of unit length. */
  embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]>;
  /** Address of words of a source. */
  address(number: number, quote: string): string;
}

/** Checks sentences against the passages of one answer. */
export class Checker {
  private readonly grounds: Grounds;
  /** Vectors of what was compared so far, by text: computed only where words alone do not decide. */
  private readonly vectors = new Map<string, Promise<Float32Array | null>>();

  constructor(
    private readonly question: string,
    private readonly evidence: readonly Evidence[],
    private readonly parts: CheckerParts,
    private readonly signal: AbortSignal,
  ) {
    // Where a file asks the same, that is not an answer. Of a few words it may be one.
    const asked = wordsOf(question);
    const asksToo = (quote: string) => asked.length > 3 && wordsOf(quote).join(' ').includes(asked.join(' '));
    const windows = evidence.flatMap(windowsOf).filter(({ quote }) => !asksToo(quote));
    this.grounds = groundsOf(question, evidence, windows);
  }

  /** Words that the question hangs on and that no passage has: whatever a model says of them, nothing here bears it out. */
  missing(): string[] {
    const texts = this.evidence.map(({ text, context }) => stemsIn(`${context}\n${text}`));
    return missingFrom(this.grounds.subject, texts).map(({ word }) => word);
  }

  /** @param cited numbers that the model wrote: they are tried first, and believed only if they hold */
  async claim(text: string, cited: readonly number[]): Promise<AnswerText | null> {
    const among = (which: (window: Window) => boolean) =>
      supportOf(text, this.grounds, which, (some) =>
        this.likeness(
          text,
          some.map(({ quote }) => quote),
        ),
      );
    const support = (await among(({ number }) => cited.includes(number))) ?? (await among(() => true));
    if (!support) return null;
    const quotation = this.quotation(support.window);
    if (speaksToTheModel(quotation.quote) || speaksToTheModel(text)) return quoted(quotation);
    return { event: 'text', text, citations: [quotation], quoted: false };
  }

  /** The sentences of the passages that come nearest to the question, the nearest first: two at most. */
  async nearest(): Promise<AnswerText[]> {
    const sentences = this.grounds.windows
      .filter(({ quote, tokens }) => sentencesOf(quote).length === 1 && tokens.length >= leastQuoted)
      .map((window) => ({ window, shared: this.sharedWords(window) }))
      .sort((one, other) => other.shared - one.shared)
      .slice(0, mostCompared);
    const near = await this.likeness(
      this.question,
      sentences.map(({ window: { quote } }) => quote),
    );
    const ranked = sentences
      .map(({ window, shared }, at) => ({ window, near: near[at] ?? shared }))
      .filter((one) => one.near > 0)
      .sort((one, other) => other.near - one.near);
    const best = ranked[0]?.near ?? 0;
    return ranked
      .filter((one, at) => at < 2 && one.near >= best * asGood)
      .map(({ window }) => quoted(this.quotation(window)));
  }

  private quotation({ number, quote }: Window): Quotation {
    return { number, quote, uri: this.parts.address(number, quote) };
  }

  /** Share of the question's words in a sentence; more for one that speaks of all that was asked. */
  private sharedWords(window: Window): number {
    const { subject, contexts } = this.grounds;
    const shared = [...subject.asked].filter((stem) => standsIn(stem, window.stems)).length;
    const whole = speaksOf(window, subject, contexts.get(window.number) ?? new Set());
    return (shared + (whole ? 1 : 0)) / (subject.asked.size + 1);
  }

  /** Cosine of a text and others; null where no vectors are to be had. */
  private async likeness(text: string, others: readonly string[]): Promise<Array<number | null>> {
    if (others.length === 0) return [];
    this.wanted([text, ...others]);
    const [one, ...rest] = await Promise.all([text, ...others].map((each) => this.vectors.get(each)!));
    return rest.map((vector) => (one && vector ? cosine(one, vector) : null));
  }

  private wanted(texts: readonly string[]): void {
    const missing = [...new Set(texts)].filter((text) => !this.vectors.has(text));
    if (missing.length === 0) return;
    const computed = this.parts.embed(missing, this.signal).catch(() => {
      // Without vectors the words alone decide, which is the stricter of the two ways; retrieval has said why.
      this.signal.throwIfAborted();
      return [];
    });
    missing.forEach((text, at) =>
      this.vectors.set(
        text,
        computed.then((vectors) => vectors[at] ?? null),
      ),
    );
  }
}

const quoted = (quotation: Quotation): AnswerText => ({
  event: 'text',
  text: quotation.quote.replace(/\s+/g, ' '),
  citations: [quotation],
  quoted: true,
});
