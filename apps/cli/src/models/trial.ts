import { ApiFailure, type GatewayClient, type ModelManifest } from '@nanite/contracts';
import {
  chatQuestions,
  completionQuestions,
  likeness,
  longQuestion,
  rankings,
  whyRubbish,
} from './questions';

/** What a model did when it was tried. */
export interface Trial {
  /** Right answers, of `asked`. */
  right: number;
  asked: number;
  /** What it made of the texts it was shown, as numbers: how alike each two are, or how well each answers; else null. */
  scores: number[] | null;
  /** Tokens a second of a long answer, or texts embedded or put in order a second; null where nothing could be measured. */
  speed: number | null;
  unit: 'tokens/s' | 'texts/s';
  /** Seconds from the question to the first of the answer, the middle one of all questions; null as above. */
  firstToken: number | null;
  /** Why it cannot be used at all: it does not load, or what it says is not language. */
  failure: string | null;
}

export interface TrialOptions {
  signal: AbortSignal;
  /** Told what is being done. */
  say: (what: string) => void;
}

/** The best of two trials of one model: what it can do when nothing else is in its way. */
export const better = (a: Trial, b: Trial): Trial => ({
  ...a,
  right: Math.max(a.right, b.right),
  speed: a.speed === null || b.speed === null ? (a.speed ?? b.speed) : Math.max(a.speed, b.speed),
  firstToken:
    a.firstToken === null || b.firstToken === null
      ? (a.firstToken ?? b.firstToken)
      : Math.min(a.firstToken, b.firstToken),
  failure: a.failure ?? b.failure,
});

type Capabilities = ModelManifest['capabilities'];

/** By what a model is judged: one that talks by what it says, one that does not by what it does with texts. */
export type TrialKind = 'chat' | 'completion' | 'rerank' | 'embedding';

/** @returns null where nothing here can be asked of it */
export const kindOf = (capabilities: Capabilities): TrialKind | null =>
  (['chat', 'completion', 'rerank', 'embedding'] as const).find((kind) => capabilities.includes(kind)) ??
  null;

/** The version of it that was just staged is known to the gateway only when it has looked again; it does twice a second. */
const lookAgainMs = 600;

const shortAnswer = { temperature: 0, seed: 1, num_predict: 32 };
const longAnswer = { temperature: 0, seed: 1, num_predict: 64 };

interface Answer {
  text: string;
  firstToken: number | null;
  /** Tokens a second. */
  speed: number | null;
}

/**
 * Load a model, ask it a few short questions whose answers can be checked (of one that does not talk: to tell like texts
 * from unlike, or to put texts in order), and measure it. Whatever it does wrong is in
 * the result.
 *
 * @throws ApiFailure where the gateway itself cannot be asked; the signal's reason
 */
export async function tryModel(
  client: GatewayClient,
  model: string,
  kind: TrialKind,
  { signal, say }: TrialOptions,
): Promise<Trial> {
  const trial: Trial = {
    right: 0,
    asked: 0,
    scores: null,
    speed: null,
    unit: kind === 'embedding' || kind === 'rerank' ? 'texts/s' : 'tokens/s',
    firstToken: null,
    failure: null,
  };
  try {
    say(`loading ${model}`);
    if (kind === 'embedding') await tryEmbedding(client, model, trial, signal);
    else if (kind === 'rerank') await tryRanking(client, model, trial, signal);
    else await tryAnswers(client, model, kind === 'chat', trial, { signal, say });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ApiFailure)) throw error;
    if (error.code === 'unreachable' || error.code === 'no-access') throw error;
    // The engine and the gateway each name the model; who reads this knows which one was tried.
    trial.failure = error.message.replace(/^(?:\S+ cannot (?:run here|be loaded): )+/, '');
  }
  return trial;
}

/** The first question loads the model. */
async function first<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ApiFailure) || error.status !== 404) throw error;
    await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    return ask();
  }
}

async function tryAnswers(
  client: GatewayClient,
  model: string,
  chats: boolean,
  trial: Trial,
  { signal, say }: TrialOptions,
): Promise<void> {
  const ask = chats ? askChat : askCompletion;
  const questions = chats ? chatQuestions : completionQuestions;
  await first(() => ask(client, model, 'Hello', { ...shortAnswer, num_predict: 4 }, signal));
  const answers: Answer[] = [];
  for (const [i, { text, right }] of questions.entries()) {
    say(`asking ${model}: question ${i + 1} of ${questions.length}`);
    const answer = await ask(client, model, text, shortAnswer, signal);
    answers.push(answer);
    trial.asked += 1;
    if (right.test(answer.text)) trial.right += 1;
  }
  say(`measuring ${model}`);
  const long: Answer[] = [];
  for (let i = 0; i < 2; i++) long.push(await ask(client, model, longQuestion, longAnswer, signal));
  const speeds = long.flatMap(({ speed }) => speed ?? []);
  trial.speed = speeds.length === 0 ? null : Math.max(...speeds);
  const times = answers.flatMap(({ firstToken }) => firstToken ?? []).sort((a, b) => a - b);
  trial.firstToken = times[Math.floor(times.length / 2)] ?? null;
  trial.failure = whyRubbish([...answers, ...long].map(({ text }) => text));
}

type Ask = (
  client: GatewayClient,
  model: string,
  text: string,
  options: Record<string, number>,
  signal: AbortSignal,
) => Promise<Answer>;

const askChat: Ask = (client, model, text, options, signal) =>
  heard(
    client.chat({ model, messages: [{ role: 'user', content: text }], options, think: false }, signal),
    ({ message }) => message.content + (message.thinking ?? ''),
  );

const askCompletion: Ask = (client, model, text, options, signal) =>
  heard(client.generate({ model, prompt: text, options }, signal), ({ response }) => response);

async function heard<T extends { eval_count?: number; eval_duration?: number }>(
  pieces: AsyncGenerator<T, void, void>,
  textOf: (piece: T) => string,
): Promise<Answer> {
  const began = performance.now();
  const answer: Answer = { text: '', firstToken: null, speed: null };
  for await (const piece of pieces) {
    const text = textOf(piece);
    if (text !== '') answer.firstToken ??= (performance.now() - began) / 1000;
    answer.text += text;
    const { eval_count: count = 0, eval_duration: took = 0 } = piece;
    if (took > 0 && count > 0) answer.speed = (count * 1e9) / took;
  }
  return answer;
}

async function tryEmbedding(
  client: GatewayClient,
  model: string,
  trial: Trial,
  signal: AbortSignal,
): Promise<void> {
  const embed = async (input: readonly string[]) =>
    (await client.embed({ model, input: [...input] }, signal)).embeddings;
  await first(() => embed(['Hello']));
  const began = performance.now();
  const vectors: number[][] = [];
  for (const texts of likeness) {
    const [a = [], b = [], c = []] = await embed(texts);
    trial.firstToken ??= (performance.now() - began) / 1000;
    trial.asked += 1;
    if (cosine(a, b) > cosine(a, c)) trial.right += 1;
    vectors.push(a, b, c);
  }
  trial.speed = (vectors.length * 1000) / (performance.now() - began);
  if (!vectors.flat().every(Number.isFinite)) trial.failure = 'its embeddings are not numbers';
  else if (trial.right === 0) trial.failure = 'its embeddings do not tell similar texts from different ones';
  trial.scores = vectors.flatMap((a, i) => vectors.slice(i + 1).map((b) => cosine(a, b)));
}

async function tryRanking(
  client: GatewayClient,
  model: string,
  trial: Trial,
  signal: AbortSignal,
): Promise<void> {
  const rank = async (query: string, documents: readonly string[]) =>
    (await client.rerank({ model, query, documents: [...documents] }, signal)).results;
  await first(() => rank('Hello', ['Hello']));
  const began = performance.now();
  const scores: number[] = [];
  for (const { query, documents } of rankings) {
    const results = await rank(query, documents);
    trial.firstToken ??= (performance.now() - began) / 1000;
    trial.asked += 1;
    if (results[0]?.index === 0) trial.right += 1;
    scores.push(
      ...documents.map((_, at) => results.find(({ index }) => index === at)?.relevance_score ?? NaN),
    );
  }
  trial.speed = (scores.length * 1000) / (performance.now() - began);
  if (!scores.every(Number.isFinite)) trial.failure = 'it leaves texts out, or its scores are not numbers';
  else if (new Set(scores).size === 1) trial.failure = 'it gives all texts the same score';
  trial.scores = scores;
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
