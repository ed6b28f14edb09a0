import type { Database } from '../store';
import type { Narrowed } from './filter';
import { quoted } from './terms';

/**
 * Files whose names or titles hold parts of the question, the best first; of each, its first chunk.
 *
 * A part is at least three characters, for names are found by their trigrams.
 */
export async function nameCandidates(
  database: Database,
  question: string,
  narrow: Narrowed,
  most: number,
): Promise<number[]> {
  const parts = question.split(/\s+/).filter((part) => [...part].length >= 3);
  if (parts.length === 0) return [];
  const rows = await database.all<{ id: number }>(
    `SELECT (SELECT c.id FROM chunks c WHERE c.file = f.id ORDER BY c.ordinal LIMIT 1) AS id
     FROM names_fts JOIN files f ON f.id = names_fts.rowid
     WHERE names_fts MATCH ? AND f.collection IN (SELECT value FROM json_each(?)) AND ${narrow.condition ?? 'true'}
     ORDER BY rank LIMIT ?`,
    parts.map(quoted).join(' OR '),
    JSON.stringify(narrow.collections),
    ...narrow.values,
    most,
  );
  return rows.map(({ id }) => id).filter((id) => id !== null);
}
