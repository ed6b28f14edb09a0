import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createLog, describeError, serve } from '@nanite/kit';
import { createExtractor } from '../extract';
import { Collections, Indexer, restraint } from '../index/index';
import { fallAsleep, wakeUp } from '../watch';
import { distrust, lockIndex, openDatabase, type Database } from '../store';
import { createApi } from './api';
import { createAnswering, type AnsweringOptions } from './answering';
import type { Door } from './view';

/** A change is seen so long after it, at most: nothing younger is taken for seen. */
const unseenMs = 3_000;

/** After so long without work or a request it ends; the next request starts it again, or bin/watch. */
const idleSeconds = 60;

export interface RunOptions {
  /** Where the index lies; made where it is not there. */
  folder: string;
  socket: { path: string; mode: number };
  door(database: Database): Door;
  answering: AnsweringOptions;
  /** Whether another keeps watch while the service rests (bin/watch), so that it may end though there are files to follow. */
  rests: boolean;
}

/** Vectors that could not be made are tried again so often where nothing else wakes the service. */
const retrySeconds = 3600;

/** Open the index, follow the files, and answer. @returns when it listens */
export async function runService(options: RunOptions): Promise<void> {
  process.umask(0o077);
  const log = createLog();
  const { folder } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const unlock = lockIndex(join(folder, 'lock'));
  const file = join(folder, 'index.db');
  if (process.env['NANITE_WITHOUT_NAMESPACES'] !== undefined) {
    log.warning(
      'this kernel gives users no namespaces: file systems are not hidden from the service; it still has no network',
    );
  }
  const { rested, unwatched } = wakeUp(folder);
  const { database, fresh, setAside } = await openDatabase(file, rested);
  const collections = new Collections(database, join(folder, 'collections.json'));
  if (setAside !== null) log.error('the index was damaged; the files are indexed again', { setAside });
  if (fresh) {
    const restored = await collections.restore();
    if (restored > 0) log.notice('collections made again', { restored });
  }

  const extractor = createExtractor();
  const answering = await createAnswering(database, log, options.answering);
  const indexer = new Indexer(
    { database, extractor, vectors: answering.vectorWork, log, restraint },
    (error) => {
      log.error('the index is damaged; starting a new one', { cause: describeError(error) });
      distrust(file);
      process.exit(1);
    },
  );
  if (rested) answering.vectorWork.trust?.();
  const rests = options.rests && !unwatched;
  const door = options.door(database);
  await serve(createApi({ database, collections, indexer, answering, log, door }), {
    socket: options.socket,
    idleSeconds,
    isBusy: () => (indexer.active ? !rests || !indexer.resting : !indexer.settled),
    close: async (why) => {
      const since = Date.now() - unseenMs;
      const { vectorsWanted, ...followed } = indexer.followed;
      const asleep = why === 'idle' && indexer.active;
      await indexer.close();
      await extractor.close();
      await database.close();
      if (asleep) fallAsleep(folder, followed, since, vectorsWanted ? retrySeconds : 0);
      unlock();
    },
  });
  indexer.start(await collections.list());
}
