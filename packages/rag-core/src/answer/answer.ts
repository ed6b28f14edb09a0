import type {
  Hit,
  KnowledgeEvent,
  KnowledgeQuestion,
  OllamaChatRequest,
  Passage,
  Quotation,
} from '@nanite/contracts';
import { describeError } from '@nanite/kit';
import { speaksToTheModel } from './injection';
import { readMarks } from './marks';
import { promptOf, saysNotThere } from './prompt';
import { SentenceStream, sentencesOf } from './sentences';
import { cosine, supportOf, windowsOf, type Evidence, type Window } from './support';
import { addressOf } from './whereabouts';
import { stemsOf, wordsOf } from '../words/stems';

type Event = Exclude<KnowledgeEvent, { event: 'error' }>;
type Text = Extract<Event, { event: 'text' }>;

/** What an answer is made with; all of it can fail, and the answer says so rather than guess. */
export interface AnswerParts {
  /** Passages that speak of the question, best first. */
  retrieve(question: KnowledgeQuestion, signal: AbortSignal): Promise<{ hits: Hit[]; notes: string[] }>;
  /** Vectors of unit length. */
  embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]>;
  /** Pieces of the model's answer. */
  chat(request: OllamaChatRequest, signal: AbortSignal): AsyncIterable<{ message: { content: string } }>;
  /** Model to ask where the question names none; null where none is installed. */
  model(signal: AbortSignal): Promise<string | null>;
}

export interface AnswerLimits {
  /** Probability below which the best passage does not speak of the question: where meaning was compared, and words alone. */
  threshold: number;
  thresholdOfWords: number;
  /** Characters of all sources together that the model reads. */
  characters: number;
  /** Tokens of the model's answer. */
  tokens: number;
}

/** The thresholds: docs/decisions/0109. */
export const usualLimits: AnswerLimits = {
  threshold: 0.12,
  thresholdOfWords: 0.3,
  characters: 5000,
  tokens: 320,
};

/** Sentences in a row that nothing bears out, after which the model is not listened to any longer. */
const patience = 4;

/**
 * Answer a question from files, each sentence with the words that bear it out.
 *
 * The model only proposes. A sentence is shown if a passage bears it out ({@link supportOf}); its citation is the
 * passage that does, whatever number the model wrote. Where the model proposes nothing that holds, or none answers, the
 * sentences of the passages that come nearest to the question are quoted instead. Where retrieval finds nothing above
 * the threshold, no model is asked at all.
 */
export async function* answerFrom(
  question: KnowledgeQuestion,
  parts: AnswerParts,
  limits: AnswerLimits,
  signal: AbortSignal,
): AsyncGenerator<Event, void, void> {
  const found = await parts.retrieve(question, signal);
  const { notes } = found;
  const hits = found.hits.slice(0, question.passages);
  const compared = hits.some(({ ranks }) => ranks.dense !== null);
  const best = Math.max(0, ...hits.map(({ score }) => score));
  if (best < (compared ? limits.threshold : limits.thresholdOfWords)) {
    yield done({ answered: false, why: 'nothing in your files speaks of this', notes });
    return;
  }
  const passages = hits.map(({ passage }) => passage);
  yield { event: 'found', passages, notes };

  const evidence = passages.map((passage, at) => ({
    number: at + 1,
    text: passage.text,
    context: [passage.title, ...passage.headings].filter((part) => part !== null).join('\n'),
  }));
  const check = new Checker(question.question, evidence, parts.embed, signal, (number, quote) =>
    addressOf(passages[number - 1]!, quote),
  );
  const sources = new Sources(passages);

  let shown = 0;
  let dropped = 0;
  let failure: string | null = null;
  let model: string | null = null;
  try {
    model = question.model ?? (await parts.model(signal));
    if (model === null) {
      failure = 'no chat model is installed';
    } else {
      const said = new Set<string>();
      let inVain = 0;
      for await (const sentence of proposed(question.question, model, evidence, parts, limits, signal)) {
        const { text, numbers } = readMarks(sentence);
        if (text === '' || said.has(text) || saysNotThere(text)) continue;
        said.add(text);
        const held = await check.claim(text, numbers);
        if (held) {
          yield* sources.cite(held);
          shown++;
          inVain = 0;
        } else {
          dropped++;
          if (++inVain === patience) break;
        }
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    failure = describeError(error);
  }
  if (shown > 0) {
    const cutShort = failure === null ? [] : [`the model's answer broke off: ${failure}`];
    yield done({ answered: true, why: null, model, dropped, notes: [...notes, ...cutShort] });
    return;
  }

  const quotations = await check.nearest();
  for (const quotation of quotations) yield* sources.cite(quotation);
  const because =
    failure === null ? 'the model said nothing that your files bear out' : `no model answered (${failure})`;
  yield done({
    answered: quotations.length > 0,
    why:
      quotations.length > 0
        ? `${because}; these are their own words`
        : `${because}, and no passage answers by itself`,
    model,
    dropped,
    notes,
  });
}

/** Numbers as people expect them: from 1, in the order in which sources are first cited. */
class Sources {
  private readonly numbers = new Map<number, number>();

  /** @param passages in the order in which the model was given them, which is the number that {@link Checker} knows */
  constructor(private readonly passages: readonly Passage[]) {}

  /** The sentence under these numbers, and before it what it is the first to cite. */
  *cite(text: Text): Generator<Event, void, void> {
    const citations: Quotation[] = [];
    for (const citation of text.citations) {
      let number = this.numbers.get(citation.number);
      if (number === undefined) {
        number = this.numbers.size + 1;
        this.numbers.set(citation.number, number);
        yield { event: 'source', number, passage: this.passages[citation.number - 1]! };
      }
      citations.push({ ...citation, number });
    }
    yield { ...text, citations };
  }
}

const done = (
  said: Partial<Extract<Event, { event: 'done' }>> &
    Pick<Extract<Event, { event: 'done' }>, 'answered' | 'why'>,
): Event => ({ event: 'done', model: null, dropped: 0, notes: [], ...said });

async function* proposed(
  question: string,
  model: string,
  evidence: readonly Evidence[],
  parts: AnswerParts,
  limits: AnswerLimits,
  signal: AbortSignal,
): AsyncGenerator<string, void, void> {
  const sources = evidence.map(({ number, text, context }) => ({ number, text, title: context }));
  const request: OllamaChatRequest = {
    model,
    messages: promptOf(question, sources, limits.characters),
    options: { temperature: 0, num_predict: limits.tokens },
    think: false,
  };
  const sentences = new SentenceStream();
  for await (const { message } of parts.chat(request, signal)) yield* sentences.add(message.content);
  yield* sentences.end();
}

/** Checks sentences against the passages of one answer. */
class Checker {
  private readonly windows: readonly Window[];
  /** Vectors of what was compared so far, by text: computed only where words alone do not decide. */
  private readonly vectors = new Map<string, Promise<Float32Array | null>>();

  constructor(
    private readonly question: string,
    private readonly evidence: readonly Evidence[],
    private readonly embed: AnswerParts['embed'],
    private readonly signal: AbortSignal,
    /** Address of words of a source. */
    private readonly address: (number: number, quote: string) => string,
  ) {
    // Where a file asks the same, that is no answer. Of a few words it may be one.
    const asked = wordsOf(question);
    const asksToo = (quote: string) => asked.length > 3 && wordsOf(quote).join(' ').includes(asked.join(' '));
    this.windows = evidence.flatMap(windowsOf).filter(({ quote }) => !asksToo(quote));
  }

  /** @param cited numbers that the model wrote: they are tried first, and believed only if they hold */
  async claim(text: string, cited: readonly number[]): Promise<Text | null> {
    const among = (windows: readonly Window[]) =>
      supportOf(text, this.question, this.evidence, windows, (some) =>
        this.likeness(
          text,
          some.map(({ quote }) => quote),
        ),
      );
    const named = this.windows.filter(({ number }) => cited.includes(number));
    const support = (await among(named)) ?? (await among(this.windows));
    if (!support) return null;
    const quotation = this.quotation(support.window);
    if (speaksToTheModel(quotation.quote) || speaksToTheModel(text)) return quoted(quotation);
    return { event: 'text', text, citations: [quotation], quoted: false };
  }

  /** The sentences of the passages that come nearest to the question, the nearest first: two at most. */
  async nearest(): Promise<Text[]> {
    const sentences = this.windows.filter(
      ({ quote }) => sentencesOf(quote).length === 1 && wordsOf(quote).length >= leastQuoted,
    );
    const near = await this.likeness(
      this.question,
      sentences.map(({ quote }) => quote),
    );
    const ranked = sentences
      .map((window, at) => ({ window, near: near[at] ?? this.sharedWords(window) }))
      .filter((one) => one.near > 0)
      .sort((one, other) => other.near - one.near);
    const best = ranked[0]?.near ?? 0;
    return ranked
      .filter((one, at) => at < 2 && one.near >= best * asGood)
      .map(({ window }) => quoted(this.quotation(window)));
  }

  private quotation({ number, quote }: Window): Quotation {
    return { number, quote, uri: this.address(number, quote) };
  }

  private sharedWords(window: Window): number {
    const asked = stemsOf(this.question);
    return [...asked].filter((stem) => window.stems.has(stem)).length / Math.max(1, asked.size);
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
    const computed = this.embed(missing, this.signal).catch(() => {
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

/** Words of a sentence that is worth quoting; a heading has fewer. */
const leastQuoted = 5;

/** A second quotation is shown where it is so near as this part of the first. */
const asGood = 0.92;

const quoted = (quotation: Quotation): Text => ({
  event: 'text',
  text: quotation.quote.replace(/\s+/g, ' '),
  citations: [quotation],
  quoted: true,
});
