import type { Hit, KnowledgeQuestion, OllamaChatRequest } from '@nanite/contracts';
import { describeError } from '@nanite/kit';
import { Checker } from './checker';
import { excerptsOf } from './excerpt';
import { readMarks } from './marks';
import { promptOf, saysNotThere } from './prompt';
import { relevant, speakOfIt, type RelevanceLimits } from './relevance';
import { SentenceStream } from './sentences';
import { Sources, type AnswerEvent } from './sources';
import { subjectOf } from './subject';
import { addressOf } from './whereabouts';
import type { Evidence } from './windows';

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

export interface AnswerLimits extends RelevanceLimits {
  /** Characters of all sources together that the model reads. */
  characters: number;
  /** Tokens of the model's answer. */
  tokens: number;
}

/** The thresholds: docs/decisions/0109; the others: docs/decisions/0156. */
export const usualLimits: AnswerLimits = {
  threshold: 0.12,
  thresholdOfWords: 0.3,
  ofTheBest: 0.2,
  characters: 700,
  tokens: 96,
};

/** Sentences in a row that nothing bears out, after which the model is not listened to any longer: before one that holds, and after. */
const patience = { first: 4, later: 2 };

/**
 * Answer a question from files, each sentence with the words that bear it out.
 *
 * The model only proposes. A sentence is shown if a passage bears it out ({@link Checker}); its citation is the passage that does, whatever
 * number the model wrote. Where the model proposes nothing that holds, or none answers, there is no answer, and the sentences of the passages
 * that come nearest to the question are quoted. Where retrieval finds nothing above the threshold, or no passage has a word that the
 * question hangs on, no model is asked at all.
 */
export async function* answerFrom(
  question: KnowledgeQuestion,
  parts: AnswerParts,
  limits: AnswerLimits,
  signal: AbortSignal,
): AsyncGenerator<AnswerEvent, void, void> {
  const found = await parts.retrieve(question, signal);
  const { notes } = found;
  const hits = found.hits.slice(0, question.passages);
  if (!speakOfIt(hits, limits)) {
    yield done({ answered: false, why: nothingOf(hits), notes });
    return;
  }
  const passages = relevant(hits, limits).map(({ passage }) => passage);
  const evidence = passages.map((passage, at) => ({
    number: at + 1,
    text: passage.text,
    context: [nameOf(passage.path), passage.title, ...passage.headings]
      .filter((part) => part !== null)
      .join('\n'),
  }));
  const check = new Checker(
    question.question,
    evidence,
    { embed: parts.embed, address: (number, quote) => addressOf(passages[number - 1]!, quote) },
    signal,
  );
  const missing = check.missing();
  if (missing.length > 0) {
    const words = missing.map((word) => `“${asAsked(word, question.question)}”`).join(' or ');
    yield done({ answered: false, why: `the closest passages do not mention ${words}`, notes });
    return;
  }
  yield { event: 'found', passages, notes };

  const sources = new Sources(passages);
  let shown = 0;
  let cited = false;
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
          cited = true;
          if (!held.quoted) shown++;
          inVain = 0;
        } else {
          dropped++;
          if (++inVain === (shown > 0 ? patience.later : patience.first)) break;
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

  if (!cited) for (const quotation of await check.nearest()) yield* sources.cite(quotation);
  const why =
    failure === null
      ? "nothing in your files supports the model's answer"
      : model === null
        ? failure
        : `the model did not answer: ${failure}`;
  yield done({ answered: false, why, model, dropped, notes });
}

/** A word as the question has it: `Lisbon`, of which the check knows `lisbon`. */
const asAsked = (word: string, question: string): string =>
  question.match(/[\p{L}\p{N}]+/gu)?.find((each) => each.toLowerCase() === word) ?? word;

/** By words alone less is known: a text that says the same in others may be there. */
const nothingOf = (hits: readonly Hit[]): string =>
  hits.length > 0 && hits.every(({ ranks }) => ranks.dense === null)
    ? 'no passage shares enough words with the question'
    : 'nothing in your files is about this';

/** What a file is called tells what it is about: `lease-of-the-workshop.pdf`. */
const nameOf = (path: string): string =>
  (path.split('/').at(-1) ?? '').replace(/\.\w{1,5}$/, '').replaceAll(/[_-]+/g, ' ');

const done = (
  said: Partial<Extract<AnswerEvent, { event: 'done' }>> &
    Pick<Extract<AnswerEvent, { event: 'done' }>, 'answered' | 'why'>,
): AnswerEvent => ({ event: 'done', model: null, dropped: 0, notes: [], ...said });

async function* proposed(
  question: string,
  model: string,
  evidence: readonly Evidence[],
  parts: AnswerParts,
  limits: AnswerLimits,
  signal: AbortSignal,
): AsyncGenerator<string, void, void> {
  const sources = excerptsOf(evidence, subjectOf(question), limits.characters).map(({ number, text }) => ({
    number,
    text,
    title: evidence[number - 1]!.context,
  }));
  const request: OllamaChatRequest = {
    model,
    messages: promptOf(question, sources),
    options: { temperature: 0, num_predict: limits.tokens },
    think: false,
  };
  const sentences = new SentenceStream();
  for await (const { message } of parts.chat(request, signal)) yield* sentences.add(message.content);
  yield* sentences.end();
}
