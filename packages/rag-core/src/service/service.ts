import type {
  KnowledgeEvent,
  KnowledgeQuestion,
  Passage,
  SearchAnswer,
  SearchRequest,
} from '@nanite/contracts';
import type { Log } from '@nanite/kit';
import type { Collections, Indexer } from '../index/index';
import type { Database } from '../store';
import type { Door, View } from './view';

/** What answers questions about what is indexed, to somebody who may see a part of it. */
export interface Answering {
  search(request: SearchRequest, view: View, signal: AbortSignal): Promise<SearchAnswer>;
  ask(question: KnowledgeQuestion, view: View, signal: AbortSignal): AsyncIterable<KnowledgeEvent>;
  /** @throws NaniteError `no-such-passage` 404: it is gone, or may not be read */
  passage(id: number, view: View): Promise<Passage>;
  /** Null: works; else why not. */
  denseDown(): string | null;
  readonly embeddingModel: string;
  readonly rerankModel: string | null;
}

/** The parts of the service, as its API needs them. */
export interface Service {
  database: Database;
  collections: Collections;
  indexer: Indexer;
  answering: Answering;
  log: Log;
  /** Who is answered. */
  door: Door;
}
