import type {
  Collection,
  FileAsideList,
  KnowledgeEvent,
  KnowledgeQuestion,
  KnowledgeStatus,
  Passage,
  SearchAnswer,
  SearchRequest,
} from '@nanite/contracts';
import { FileAside, formatCitation } from '@nanite/contracts';
import type { Log } from '@nanite/kit';
import { pathText, type Collections, type Indexer, type StoredCollection } from '../index/index';
import type { Database } from '../store';

/** What answers questions about what is indexed. */
export interface Answering {
  search(request: SearchRequest, signal: AbortSignal): Promise<SearchAnswer>;
  ask(question: KnowledgeQuestion, signal: AbortSignal): AsyncIterable<KnowledgeEvent>;
  /** @throws NaniteError `no-such-passage` 404: it is gone, or may not be read */
  passage(id: number): Promise<Passage>;
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
  /** User whose service it is: nobody else is answered. */
  owner: number;
}

/** So many files that were set aside are listed; more help nobody. */
const mostAside = 500;

async function describe({ indexer }: Service, collection: StoredCollection): Promise<Collection> {
  const { name, roots, options } = collection;
  return {
    name,
    roots: roots.map(({ path }) => pathText(path)),
    ...options,
    progress: await indexer.progress(collection),
  };
}

export async function listCollections(service: Service): Promise<Collection[]> {
  const stored = await service.collections.list();
  return Promise.all(stored.map((collection) => describe(service, collection)));
}

export async function oneCollection(service: Service, name: string): Promise<Collection> {
  return describe(service, await service.collections.find(name));
}

/** Tell the indexer what the collections are now. */
export async function collectionsChanged({ indexer, collections }: Service): Promise<void> {
  indexer.set(await collections.list());
}

export async function status(service: Service): Promise<KnowledgeStatus> {
  const { answering, indexer } = service;
  return {
    collections: await listCollections(service),
    dense: { down: answering.denseDown(), model: answering.embeddingModel },
    rerank: { model: answering.rerankModel },
    watch: indexer.watch,
  };
}

export async function filesAside({ database, collections }: Service, name: string): Promise<FileAsideList> {
  const { id } = await collections.find(name);
  const rows = await database.all<{ path: Buffer; type: string | null; reason: string | null }>(
    `SELECT path, type, reason FROM files WHERE collection = ? AND state = 'aside' ORDER BY path LIMIT ?`,
    id,
    mostAside,
  );
  const counted = await database.get<{ count: number }>(
    `SELECT count(*) AS count FROM files WHERE collection = ? AND state = 'aside'`,
    id,
  );
  return {
    files: rows.map(({ path, type, reason }) =>
      FileAside.parse({
        path: path.toString(),
        uri: formatCitation({ path, place: { kind: 'whole' } }),
        type,
        reason: reason ?? 'it could not be read',
      }),
    ),
    more: Math.max(0, (counted?.count ?? 0) - rows.length),
  };
}
