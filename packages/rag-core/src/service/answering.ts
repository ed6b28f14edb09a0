import { GatewayClient, KnowledgeSettings, userSections, type SearchRequest } from '@nanite/contracts';
import { loadSettings, NaniteError, socketPath, type Log } from '@nanite/kit';
import { z } from 'zod';
import { answerFrom, gatewayParts, usualLimits } from '../answer';
import { GatewayEmbedder, usualModel, type Embedder, type Purpose } from '../embed';
import type { VectorWork } from '../index/index';
import {
  calibrated,
  GatewayReranker,
  retrieve,
  untilTheDrop,
  type RetrieveParts,
  type Retrieved,
  type Wanted,
} from '../retrieve';
import type { Database } from '../store';
import { Chroma, modelFor, prepareVectors, VectorKeeper } from '../vectors';
import { findIn } from './find';
import { readPassage } from './passage';
import type { Answering } from './service';
import type { TeamKnowledge } from './team-knowledge';
import type { View } from './view';

const Settings = z.object({ knowledge: KnowledgeSettings.prefault({}) });

/** @param user whether a person's own settings count: not for a team */
const settings = (user: boolean): KnowledgeSettings =>
  loadSettings(Settings, { user, userSections }).values.knowledge;

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

export interface AnsweringOptions {
  /** Socket of Chroma; default: this person's. */
  chroma?: string;
  /** What a team shares here; null: the service is the team's own. */
  team: TeamKnowledge | null;
}

/** Chroma and the gateway are asked when they are needed: neither has to be there now. */
export async function createAnswering(
  database: Database,
  log: Log,
  { chroma, team }: AnsweringOptions,
): Promise<Wired> {
  const { embedding, rerank } = settings(team !== null);
  const embeddingModel = await modelFor(database, embedding, usualModel());
  const reranker = rerank === 'off' ? null : new GatewayReranker({ model: rerank });
  const embedder = new RememberingEmbedder(new GatewayEmbedder({ model: embeddingModel }));
  const vectors = new Chroma(await prepareVectors(database, embeddingModel), embeddingModel, chroma);
  const keeper = new VectorKeeper({ database, vectors, embedder, log });
  const gateway = gatewayParts(new GatewayClient({ kind: 'unix', socketPath: socketPath('gateway') }));
  const own = async (wanted: Wanted, view: View, signal: AbortSignal): Promise<Retrieved> => {
    const parts: RetrieveParts = {
      ...{ database, vectors, embedder, reranker, stale: () => keeper.doubt() },
      mayRead: (path) => view.mayRead(path),
      files: await view.files(),
    };
    return retrieve(wanted, parts, signal);
  };
  const find = (request: SearchRequest, view: View, signal: AbortSignal): Promise<Retrieved> =>
    findIn({ database, team, own: (wanted, during) => own(wanted, view, during) }, request, signal);
  return {
    async search(request, view, signal) {
      const started = performance.now();
      const found = await find(request, view, signal);
      const known = calibrated(embeddingModel);
      const hits = request.mode === 'hybrid' ? untilTheDrop(found.hits, request.query, known) : found.hits;
      return { hits, notes: found.notes, milliseconds: performance.now() - started };
    },
    ask: (question, view, signal) =>
      answerFrom(
        question,
        {
          ...gateway,
          retrieve: ({ question: query, filter, passages, scope }, during) =>
            find({ query, filter, scope, limit: passages, mode: 'hybrid' }, view, during),
          embed: (texts, during) => embedder.embed(texts, 'passage', during),
        },
        usualLimits,
        signal,
      ),
    passage: (id, view) => readPassage(database, id, (path) => view.mayRead(path)),
    denseDown: () => embedder.down ?? vectors.down(),
    embeddingModel,
    get rerankModel() {
      return reranker?.model ?? null;
    },
    vectorWork: keeper,
  };
}
