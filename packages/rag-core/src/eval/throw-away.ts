import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog, NaniteError } from '@nanite/kit';
import { chunkDocument } from '../chunk/chunk';
import type { Embedder } from '../embed';
import { openDatabase, type Database } from '../store';
import { prepareVectors, VectorKeeper, type Vectors } from '../vectors';
import type { DataSet } from './data-set';

export interface ThrowAway {
  database: Database;
  vectors: Vectors;
  /** Remove all of it. */
  close(): Promise<void>;
}

const now = (): string => new Date().toISOString();

/** The path under which a document of the collection stands in the index; nothing lies there. */
export const pathOf = (document: string): Buffer => Buffer.from(`/${encodeURIComponent(document)}`);
export const documentOf = (path: string): string => decodeURIComponent(path.slice(1));

async function fill(database: Database, { documents }: DataSet): Promise<void> {
  await database.transaction(async (within) => {
    const collection = (
      await within.run("INSERT INTO collections (name, options, created) VALUES ('eval', '{}', ?)", now())
    ).lastId;
    const root = (
      await within.run('INSERT INTO roots (collection, path) VALUES (?, ?)', collection, Buffer.from('/'))
    ).lastId;
    for (const { id, title, text } of documents) {
      const file = await within.run(
        `INSERT INTO files (root, collection, path, folder, identity, ctime, size, modified, hash, type, title, state, indexed)
         VALUES (?, ?, ?, ?, '', '', ?, 0, '', 'text', ?, 'indexed', ?)`,
        root,
        collection,
        pathOf(id),
        Buffer.from('/'),
        text.length,
        title === '' ? null : title,
        now(),
      );
      const chunks = chunkDocument({
        type: 'text',
        title: title === '' ? null : title,
        language: null,
        warnings: [],
        blocks: [
          {
            text: text === '' ? title : text,
            headings: [],
            place: { kind: 'whole' },
            bytes: null,
            kind: 'prose',
            symbol: null,
          },
        ],
      });
      for (const chunk of chunks) {
        await within.run(
          `INSERT INTO chunks (file, collection, ordinal, text, headings, place, kind, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
          file.lastId,
          collection,
          chunk.ordinal,
          chunk.text,
          JSON.stringify(chunk.headings),
          JSON.stringify(chunk.place),
          chunk.kind,
          chunk.hash,
        );
      }
    }
  });
}

/**
 * An index of a data set in a temporary folder and under a name of its own in Chroma: cut, embedded, kept and searched by
 * the same code as a person's files.
 *
 * @param progress called with how many of all chunks have their vector
 * @throws NaniteError `vectors-down`, `model-missing`, `gateway-down`
 */
export async function throwAway(
  data: DataSet,
  embedder: Embedder,
  vectorsOf: (index: string) => Vectors,
  progress: (done: number, all: number) => void,
  signal: AbortSignal,
): Promise<ThrowAway> {
  const folder = mkdtempSync(join(tmpdir(), 'nanite-eval-'));
  const { database } = await openDatabase(join(folder, 'index.db'));
  const vectors = vectorsOf(await prepareVectors(database, embedder.model));
  const close = async (): Promise<void> => {
    await vectors.keepOnly([]).catch(() => undefined);
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await fill(database, data);
    const row = await database.get<{ count: number }>('SELECT count(*) AS count FROM chunks');
    const all = row?.count ?? 0;
    let why = '';
    const log = createLog((line) => (why = line));
    const keeper = new VectorKeeper({ database, vectors, embedder, log });
    for (;;) {
      const moved = await keeper.some(signal);
      const left = await database.get<{ count: number }>(
        'SELECT count(*) AS count FROM chunks WHERE vector = 0',
      );
      progress(all - (left?.count ?? 0), all);
      if ((left?.count ?? 0) === 0) break;
      if (moved === 0) {
        throw new NaniteError('vectors-down', `the vectors cannot be made: ${why.trim()}`, {
          hint: 'systemctl --user status nanite-chroma.socket; systemctl status nanite-gateway.socket',
          status: 503,
        });
      }
    }
    return { database, vectors, close };
  } catch (error) {
    await close();
    throw error;
  }
}
