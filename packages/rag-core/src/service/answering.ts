import { NaniteError, type Log } from '@nanite/kit';
import type { VectorWork } from '../index/index';
import type { Database } from '../store';
import type { Answering } from './service';

/** {@link Answering} put together, with what keeps the vectors. */
export interface Wired extends Answering {
  vectorWork: VectorWork | null;
  close(): Promise<void>;
}

export function createAnswering(_database: Database, _log: Log): Wired {
  const refuse = (): never => {
    throw new NaniteError('not-built', 'search is not wired yet', { status: 501 });
  };
  return {
    search: () => Promise.resolve().then(refuse),
    async *ask() {
      refuse();
    },
    passage: () => Promise.resolve().then(refuse),
    denseDown: () => 'search is not wired yet',
    embeddingModel: 'bge-small',
    rerankModel: null,
    vectorWork: null,
    close: () => Promise.resolve(),
  };
}
