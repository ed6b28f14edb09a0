import { ApiFailure, GatewayClient } from '@nanite/contracts';
import { socketPath } from '@nanite/kit';
import { mostReranked, type Reranker } from './rerank';

export interface GatewayRerankerOptions {
  /** Name of the model; `auto`: the first reranker that is installed. */
  model: string;
  client?: GatewayClient;
  /** Milliseconds that it may take of a search. */
  limit?: number;
  /** Milliseconds for which it is known which rerankers are installed. */
  remembered?: number;
  /** Milliseconds for which it is left alone after it was too slow several times. */
  rest?: number;
}

/** Passages of the first request: little enough for a model that is being loaded, or is slow on this machine. */
const first = 8;
/** Fewer are not worth asking for: the order among the first is what a person sees. */
const fewest = 3;
/** Requests in a row that took too long, after which it rests. */
const patience = 3;
/** Part of the limit that is planned for: speed varies. */
const planned = 0.6;

class TooSlow extends Error {}

/**
 * A reranker behind the gateway's /v1/rerank. It reads as many passages as this machine can read in the time that a search has
 * for it: a small cross-encoder all of them, a large one on a processor a few, and after some vain attempts none for a while.
 */
export class GatewayReranker implements Reranker {
  model: string | null = null;
  private readonly client: GatewayClient;
  private readonly wanted: string;
  private readonly limit: number;
  private readonly remembered: number;
  private readonly rest: number;
  private lookedAt = -Infinity;
  private amount = first;
  private late = 0;
  private restsUntil = -Infinity;

  constructor(options: GatewayRerankerOptions) {
    this.wanted = options.model;
    this.client = options.client ?? new GatewayClient({ kind: 'unix', socketPath: socketPath('gateway') });
    this.limit = options.limit ?? 1500;
    this.remembered = options.remembered ?? 60_000;
    this.rest = options.rest ?? 600_000;
  }

  async ready(signal: AbortSignal): Promise<boolean> {
    return (await this.find(signal)) !== null;
  }

  async rerank(
    question: string,
    passages: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly number[]> {
    const model = await this.find(signal);
    if (model === null) return [];
    if (performance.now() < this.restsUntil) throw new TooSlow(`${model} is too slow on this machine`);
    const documents = passages.slice(0, this.amount);
    const started = performance.now();
    const inTime = AbortSignal.timeout(this.limit);
    try {
      const { results } = await this.client.rerank(
        { model, query: question, documents },
        AbortSignal.any([signal, inTime]),
      );
      this.learn(documents.length, performance.now() - started);
      const scores = new Map(results.map(({ index, relevance_score }) => [index, relevance_score]));
      return documents.map((_, at) => scores.get(at) ?? 0);
    } catch (error) {
      signal.throwIfAborted();
      if (inTime.aborted) throw this.tooLate(model, documents.length);
      if (error instanceof ApiFailure && error.status === 404) this.lookedAt = -Infinity;
      throw error;
    }
  }

  private learn(read: number, milliseconds: number): void {
    this.late = 0;
    const fits = Math.floor((this.limit * planned * read) / Math.max(1, milliseconds));
    this.amount = Math.min(mostReranked, Math.max(fewest, fits));
  }

  private tooLate(model: string, asked: number): TooSlow {
    this.late += 1;
    this.amount = Math.max(fewest, Math.floor(asked / 2));
    if (this.late >= patience) {
      this.restsUntil = performance.now() + this.rest;
      this.late = 0;
      this.amount = first;
    }
    return new TooSlow(`${model} did not read ${asked} of them in ${this.limit / 1000} s`);
  }

  /** The model to ask; looked for anew from time to time, for models come and go. */
  private async find(signal: AbortSignal): Promise<string | null> {
    if (this.wanted !== 'auto') return (this.model = this.wanted);
    if (performance.now() - this.lookedAt < this.remembered) return this.model;
    try {
      const { models } = await this.client.status(AbortSignal.any([signal, AbortSignal.timeout(this.limit)]));
      const found = models.find(
        ({ capabilities, runnable, backend }) =>
          runnable && backend === 'local' && capabilities.includes('rerank'),
      );
      this.model = found?.name ?? null;
    } catch {
      signal.throwIfAborted();
      // No gateway: search says so already where it asks for vectors.
      this.model = null;
    }
    this.lookedAt = performance.now();
    return this.model;
  }
}
