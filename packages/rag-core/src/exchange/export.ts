import type { ExportedVector, ExportHeader } from '@nanite/contracts';
import { pathText, type StoredCollection } from '../index/index';
import type { Database } from '../store';

/** Vectors that are read at once. */
const atOnce = 500;

/**
 * A collection for another machine, or for later: what it is made of, and the vectors, which cost the most to make. The
 * text of the files stays out: whoever imports it needs the files, and reads them there.
 *
 * @param files ids of the only files whose vectors go along: a vector tells of its text; null: all
 */
export async function* exportCollection(
  database: Database,
  collection: StoredCollection,
  model: string,
  files: readonly number[] | null = null,
): AsyncGenerator<ExportHeader | ExportedVector, void, void> {
  const first = await database.get<{ bytes: number }>('SELECT length(vector) AS bytes FROM vectors LIMIT 1');
  yield {
    format: 'nanite-knowledge',
    version: 1,
    name: collection.name,
    roots: collection.roots.map(({ path }) => pathText(path)),
    ...collection.options,
    model,
    components: (first?.bytes ?? 0) / Float32Array.BYTES_PER_ELEMENT,
  };
  const only = files === null ? 'true' : 'c.file IN (SELECT value FROM json_each(?))';
  for (let last = 0; ;) {
    const rows = await database.all<{ chunk: number; text: Buffer; vector: Buffer }>(
      `SELECT v.chunk, v.text, v.vector FROM vectors v JOIN chunks c ON c.id = v.chunk
       WHERE c.collection = ? AND v.chunk > ? AND ${only} ORDER BY v.chunk LIMIT ?`,
      collection.id,
      last,
      ...(files === null ? [] : [JSON.stringify(files)]),
      atOnce,
    );
    for (const { text, vector } of rows) {
      yield { text: text.toString('base64'), vector: vector.toString('base64') };
    }
    if (rows.length < atOnce) return;
    last = rows.at(-1)!.chunk;
  }
}
