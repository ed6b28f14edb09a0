import type { Hit, KnowledgeEvent, KnowledgeQuestion, OllamaChatRequest, Quotation } from '@nanite/contracts';
import { describeError } from '@nanite/kit';
import { speaksToTheModel } from './injection';
import { readMarks } from './marks';
import { promptOf, saysNotThere } from './prompt';
import { SentenceStream, sentencesOf } from './sentences';
import { cosine, supportOf, windowsOf, type Evidence, type Window } from './support';
import { stemsOf } from '../words/words';

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
  /** Calibrated probability below which the best passage does not speak of the question. */
  threshold: number;
  /** Characters of all sources together that the model reads. */
  characters: number;
  /** Tokens of the model's answer. */
  tokens: number;
}

export const usualLimits: AnswerLimits = { threshold: 0.5, characters: 5000, tokens: 320 };

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
  if ((hits[0]?.score ?? 0) < limits.threshold) {
    yield done({ answered: false, why: 'nothing in your files speaks of this', notes });
    return;
  }
  const sources = hits.map(({ passage }, at) => ({ number: at + 1, passage }));
  yield { event: 'sources', sources, notes };

  const evidence = sources.map(({ number, passage }) => ({
    number,
    text: passage.text,
    context: [passage.title, ...passage.headings].filter((part) => part !== null).join('\n'),
  }));
  const check = await Checker.make(question.question, evidence, parts, signal);

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
        const held = await check.claim(text, numbers, signal);
        if (held) {
          yield held;
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

  const quotations = check.nearest();
  yield* quotations;
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
  private constructor(
    private readonly question: { text: string; vector: Float32Array | null },
    private readonly evidence: readonly Evidence[],
    private readonly windows: readonly Window[],
    private readonly embed: AnswerParts['embed'] | null,
  ) {}

  static async make(
    question: string,
    evidence: readonly Evidence[],
    parts: AnswerParts,
    signal: AbortSignal,
  ): Promise<Checker> {
    const windows = evidence.flatMap(windowsOf);
    try {
      const [vector, ...vectors] = await parts.embed(
        [question, ...windows.map(({ quote }) => quote)],
        signal,
      );
      const measured = windows.map((window, at) => ({ ...window, vector: vectors[at] ?? null }));
      return new Checker({ text: question, vector: vector ?? null }, evidence, measured, parts.embed);
    } catch {
      // Without vectors the words alone decide, which is the stricter of the two ways; retrieval has said why.
      signal.throwIfAborted();
      return new Checker({ text: question, vector: null }, evidence, windows, null);
    }
  }

  /** @param cited numbers that the model wrote: they are tried first, and believed only if they hold */
  async claim(text: string, cited: readonly number[], signal: AbortSignal): Promise<Text | null> {
    const vector = this.embed ? ((await this.embed([text], signal))[0] ?? null) : null;
    const among = (windows: readonly Window[]) =>
      supportOf({ text, vector }, this.question.text, this.evidence, windows);
    const named = this.windows.filter(({ number }) => cited.includes(number));
    const support = among(named) ?? among(this.windows);
    if (!support) return null;
    const quotation = { number: support.window.number, quote: support.window.quote };
    if (speaksToTheModel(quotation.quote) || speaksToTheModel(text)) return quoted(quotation);
    return { event: 'text', text, citations: [quotation], quoted: false };
  }

  /** The two sentences of the passages that come nearest to the question, in the order of the passages. */
  nearest(): Text[] {
    const ranked = this.windows
      .filter(({ quote }) => sentencesOf(quote).length === 1 && quote.length >= 20)
      .map((window) => ({ window, near: this.nearness(window) }))
      .filter(({ near }) => near > 0)
      .sort((one, other) => other.near - one.near)
      .slice(0, 2);
    return ranked
      .sort((one, other) => one.window.number - other.window.number)
      .map(({ window }) => quoted({ number: window.number, quote: window.quote }));
  }

  private nearness(window: Window): number {
    if (this.question.vector && window.vector) return cosine(this.question.vector, window.vector);
    const asked = stemsOf(this.question.text);
    return [...asked].filter((stem) => window.stems.has(stem)).length / Math.max(1, asked.size);
  }
}

const quoted = (quotation: Quotation): Text => ({
  event: 'text',
  text: quotation.quote.replace(/\s+/g, ' '),
  citations: [quotation],
  quoted: true,
});
