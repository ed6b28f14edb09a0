import {
  OllamaEmbedRequest,
  OllamaEmbeddingsRequest,
  WorkerEmbeddings,
  type OllamaOptions,
} from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import type { Context, Handler } from '../context';
import type { Exchange } from '../http/exchange';
import { fetchWhole } from '../upstream/client';
import { upstreamError } from '../upstream/error';
import type { Session } from '../upstream/session';
import { needCapability } from '../chat/capability';
import { isOllama, toOllama } from './generate-text';
import { readOllama } from './liberal';
import { wantsOf } from './options';
import { ollamaTarget, type OllamaTarget } from './target';

interface Embedded {
  vectors: number[][];
  promptTokens: number;
  loadNs: number;
}

async function ask(
  session: Session,
  body: Record<string, unknown>,
  signal: AbortSignal,
): Promise<WorkerEmbeddings> {
  const request = { method: 'POST', path: '/v1/embeddings', body: JSON.stringify(body) } as const;
  const answer = await fetchWhole(session.upstream, request, signal);
  const text = answer.body.toString('utf8');
  if (answer.status >= 400) throw upstreamError(answer.status, text);
  return WorkerEmbeddings.parse(JSON.parse(text));
}

/** The first tokens of a text, as many as the context holds; the last one of all stays, since it may be an end mark. */
async function cut(session: Session, text: string, most: number, signal: AbortSignal): Promise<number[]> {
  const request = {
    method: 'POST',
    path: '/tokenize',
    body: JSON.stringify({ content: text, add_special: true }),
  } as const;
  const answer = await fetchWhole(session.upstream, request, signal);
  if (answer.status >= 400) throw upstreamError(answer.status, answer.body.toString('utf8'));
  const { tokens } = JSON.parse(answer.body.toString('utf8')) as { tokens: number[] };
  return tokens.length <= most ? tokens : [...tokens.slice(0, most - 1), ...tokens.slice(-1)];
}

async function embedAll(
  session: Session,
  input: string[],
  model: string | null,
  truncate: boolean,
  signal: AbortSignal,
): Promise<WorkerEmbeddings> {
  const named = model === null ? {} : { model };
  const { plan } = session;
  try {
    return await ask(session, { input, ...named, ...(plan?.runtime === 'onnx' && { truncate }) }, signal);
  } catch (error) {
    const overflow = error instanceof NaniteError && error.code === 'context-overflow';
    if (!overflow || !truncate || plan === null) throw error;
    const tokens: number[][] = [];
    for (const text of input) tokens.push(await cut(session, text, plan.context, signal));
    return ask(session, { input: tokens, ...named }, signal);
  }
}

async function embedTexts(
  exchange: Exchange,
  context: Context,
  ollama: OllamaTarget,
  input: string[],
  options: OllamaOptions | null | undefined,
  truncate: boolean,
): Promise<Embedded> {
  const { target, manifest } = ollama;
  if (manifest !== null) needCapability(manifest, ['embedding'], 'embeddings');
  return context.sessions.use(
    target,
    {
      wants: wantsOf(options ?? {}, manifest),
      keepAliveMs: ollama.keepAlive,
      uid: exchange.identity.uid,
      signal: exchange.signal,
    },
    async (session) => {
      const model = target.kind === 'backend' ? target.model : null;
      const answer = await embedAll(session, input, model, truncate, exchange.signal);
      const sorted = [...answer.data].sort((a, b) => a.index - b.index);
      return {
        vectors: sorted.map(({ embedding }) => embedding),
        promptTokens: answer.usage.prompt_tokens,
        loadNs: session.loadNs,
      };
    },
  );
}

/** The first components of a vector, of length 1 again: models trained for it keep their meaning (Matryoshka). */
export function shortened(vector: number[], dimensions: number): number[] {
  if (dimensions >= vector.length) return vector;
  const head = vector.slice(0, dimensions);
  const length = Math.hypot(...head);
  return length === 0 ? head : head.map((component) => component / length);
}

/** POST /api/embed */
export const embed: Handler = async (exchange, context) => {
  const { value } = await context.bodies.json(exchange, true);
  const request = readOllama(OllamaEmbedRequest, value);
  exchange.model = request.model;
  const ollama = await ollamaTarget(context, request);
  if (isOllama(ollama)) return toOllama(exchange, context, ollama, value);
  const input = request.input ?? [];
  const texts = typeof input === 'string' ? [input] : input;
  const answer = (embeddings: number[][], loadNs: number, tokens: number) =>
    exchange.json({
      model: request.model,
      embeddings,
      total_duration: Number(process.hrtime.bigint() - exchange.received),
      load_duration: Math.round(loadNs),
      prompt_eval_count: tokens,
    });
  if (texts.length === 0) return answer([], 0, 0);
  const truncate = request.truncate ?? true;
  const { vectors, loadNs, promptTokens } = await embedTexts(
    exchange,
    context,
    ollama,
    texts,
    request.options,
    truncate,
  );
  const { dimensions } = request;
  answer(
    dimensions === null || dimensions === undefined || dimensions === 0
      ? vectors
      : vectors.map((vector) => shortened(vector, dimensions)),
    loadNs,
    promptTokens,
  );
};

/** POST /api/embeddings, the older form: one text, one vector. */
export const embeddings: Handler = async (exchange, context) => {
  const { value } = await context.bodies.json(exchange, true);
  const request = readOllama(OllamaEmbeddingsRequest, value);
  exchange.model = request.model;
  const ollama = await ollamaTarget(context, request);
  if (isOllama(ollama)) return toOllama(exchange, context, ollama, value);
  if (!request.prompt) return exchange.json({ embedding: [] });
  const { vectors } = await embedTexts(exchange, context, ollama, [request.prompt], request.options, true);
  exchange.json({ embedding: vectors[0] ?? [] });
};
