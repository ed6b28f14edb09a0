import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createLog, describeError, runProgram, serve, userStateDir } from '@nanite/kit';
import { createExtractor } from './extract';
import { Collections, Indexer, restraint } from './index/index';
import { createApi } from './service/api';
import { createAnswering } from './service/answering';
import { personSocket } from './socket';
import { distrust, lockIndex, openDatabase } from './store';

const usage = `usage: nanite-rag [--help]

Keeps an index of your files and answers questions about them, on ${personSocket()}.
See nanite-rag(1).
`;

/** Without a collection there is nothing to watch, and the next request starts the service again. */
const idleSeconds = 60;

async function start(): Promise<void> {
  process.umask(0o077);
  const log = createLog();
  const folder = process.env['STATE_DIRECTORY'] ?? join(userStateDir(), 'knowledge');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const unlock = lockIndex(join(folder, 'lock'));
  const file = join(folder, 'index.db');
  const { database, fresh, setAside } = await openDatabase(file);
  const collections = new Collections(database, join(folder, 'collections.json'));
  if (setAside !== null) log.error('the index was damaged; your files are indexed again', { setAside });
  if (fresh) {
    const restored = await collections.restore();
    if (restored > 0) log.notice('collections made again', { restored });
  }

  const extractor = createExtractor();
  const answering = await createAnswering(database, log);
  const indexer = new Indexer(
    { database, extractor, vectors: answering.vectorWork, log, restraint },
    (error) => {
      log.error('the index is damaged; starting anew', { cause: describeError(error) });
      distrust(file);
      process.exit(1);
    },
  );
  const owner = process.getuid?.() ?? 0;
  const api = createApi({ database, collections, indexer, answering, log, owner });
  await serve(api, {
    socket: { path: personSocket(), mode: 0o600 },
    idleSeconds,
    isBusy: () => indexer.active || !indexer.settled,
    close: async () => {
      await indexer.close();
      await extractor.close();
      await database.close();
      unlock();
    },
  });
  indexer.start(await collections.list());
}

void runProgram('nanite-rag', usage, start);
