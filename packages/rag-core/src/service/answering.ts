import { GatewayClient } from '@nanite/contracts';
import { NaniteError, socketPath, type Log } from '@nanite/kit';
import { answerFrom, gatewayParts, usualLimits } from '../answer';
import { GatewayEmbedder, type Embedder, type Purpose } from '../embed';
import type { VectorWork } from '../index/index';
import { retrieve, type RetrieveParts } from '../retrieve';
import type { Database } from '../store';
import { Chroma, prepareVectors, VectorKeeper } from '../vectors';
import { mayRead } from './may-read';
import { readPassage } from './passage';
import type { Answering } from './service';

/** Small enough for any machine, and better than the others that came as small: docs/benchmarks.md. */
const embeddingModel = 'bge-small';

/** {@link Answering} put together, with what makes and keeps the vectors. */
export interface Wired extends Answering {
  vectorWork: VectorWork;
}

/** Knows why the last texts got no vectors, for the status. */
class RememberingEmbedder implements Embedder {
  /** Null: they got them, or none were asked for yet. */
  down: string | null = null;
  readonly model: string;

  constructor(private readonly inner: Embedder) {
    this.model = inner.model;
  }

  async embed(texts: readonly string[], purpose: Purpose, signal: AbortSignal): Promise<Float32Array[]> {
    try {
      const vectors = await this.inner.embed(texts, purpose, signal);
      this.down = null;
      return vectors;
    } catch (error) {
      if (error instanceof NaniteError) {
        this.down = `${error.message}${error.hint === null ? '' : ` (${error.hint})`}`;
      }
      throw error;
    }
  }
}

/** Chroma and the gateway are asked when they are needed: neither has to be there now. */
export async function createAnswering(database: Database, log: Log): Promise<Wired> {
  const embedder = new RememberingEmbedder(new GatewayEmbedder({ model: embeddingModel }));
  const vectors = new Chroma(await prepareVectors(database, embeddingModel), embeddingModel);
  const keeper = new VectorKeeper({ database, vectors, embedder, log });
  const parts: RetrieveParts = { database, vectors, embedder, mayRead, stale: () => keeper.doubt() };
  const gateway = gatewayParts(new GatewayClient({ kind: 'unix', socketPath: socketPath('gateway') }));
  return {
    async search(request, signal) {
      const started = performance.now();
      const found = await retrieve(request, parts, signal);
      return { ...found, milliseconds: performance.now() - started };
    },
    ask: (question, signal) =>
      answerFrom(
        question,
        {
          ...gateway,
          retrieve: ({ question: query, filter, passages }, during) =>
            retrieve({ query, filter, limit: passages, mode: 'hybrid' }, parts, during),
          embed: (texts, during) => embedder.embed(texts, 'passage', during),
        },
        usualLimits,
        signal,
      ),
    passage: (id) => readPassage(database, id, mayRead),
    denseDown: () => embedder.down ?? vectors.down(),
    embeddingModel,
    rerankModel: null,
    vectorWork: keeper,
  };
}
