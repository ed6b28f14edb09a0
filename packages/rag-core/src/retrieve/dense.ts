import type { Database } from '../store';
import { fromBlob, type VectorHit, type Vectors } from '../vectors';
import type { Narrowed } from './filter';

/** Chunks that a filter leaves, up to which each is compared: exact, and faster than a graph that knows no filter. */
const mostCompared = 5000;

/** Inner product: of vectors of length 1, the cosine. */
export function dot(a: Float32Array, c: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += a[at]! * c[at]!;
  return sum;
}

/** The chunks nearest to a vector, the nearest first. */
export async function denseCandidates(
  database: Database,
  vectors: Vectors,
  question: Float32Array,
  narrow: Narrowed,
  most: number,
): Promise<VectorHit[]> {
  if (narrow.collections.length === 0) return [];
  if (narrow.condition === null) return vectors.query(question, most, narrow.collections);
  const from = 'FROM chunks c JOIN files f ON f.id = c.file';
  const where = `WHERE c.vector = 1 AND c.collection IN (SELECT value FROM json_each(?)) AND ${narrow.condition}`;
  const values = [JSON.stringify(narrow.collections), ...narrow.values];
  const rows = await database.all<{ id: number }>(
    `SELECT c.id ${from} ${where} LIMIT ?`,
    ...values,
    mostCompared + 1,
  );
  if (rows.length > mostCompared) {
    // A filter that leaves much: what it leaves out is not all that is near.
    return vectors.query(question, most * 5, narrow.collections);
  }
  const held = await database.all<{ chunk: number; vector: Buffer }>(
    'SELECT chunk, vector FROM vectors WHERE chunk IN (SELECT value FROM json_each(?))',
    JSON.stringify(rows.map(({ id }) => id)),
  );
  return held
    .map(({ chunk, vector }) => ({ chunk, score: dot(question, fromBlob(vector)) }))
    .sort((a, c) => c.score - a.score)
    .slice(0, most);
}
