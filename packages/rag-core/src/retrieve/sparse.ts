import type { Database } from '../store';
import type { Narrowed } from './filter';
import { quoted, type Term } from './terms';

/**
 * Postings that FTS5 looks through for one question. It weighs every chunk that holds any of the words: words that are
 * everywhere cost the most and tell the least, so they are left to the scores of those that the rarer ones name.
 */
const mostPostings = 20_000;

/** The rarest words first, as long as they name few enough chunks; one at least. */
export function searched(terms: readonly Term[]): Term[] {
  const rare = terms.filter(({ chunks }) => chunks > 0).sort((a, c) => a.chunks - c.chunks);
  let postings = 0;
  return rare.filter(({ chunks }, at) => (postings += chunks) <= mostPostings || at === 0);
}

/**
 * Chunks with words of the question, the best first by FTS5's own order.
 *
 * @param prefix whether the last word may go on: for search as one types
 */
export async function sparseCandidates(
  database: Database,
  terms: readonly Term[],
  narrow: Narrowed,
  most: number,
  prefix = false,
): Promise<number[]> {
  const words = searched(terms).map(({ word }) => quoted(word));
  const last = terms.at(-1);
  if (prefix && last !== undefined && [...last.word].length >= 3) words.push(`${quoted(last.word)}*`);
  if (words.length === 0) return [];
  const plain = narrow.everywhere && narrow.condition === null;
  const rows = await database.all<{ id: number }>(
    plain
      ? 'SELECT rowid AS id FROM chunks_fts WHERE chunks_fts MATCH ? ORDER BY rank LIMIT ?'
      : `SELECT c.id FROM chunks_fts JOIN chunks c ON c.id = chunks_fts.rowid JOIN files f ON f.id = c.file
         WHERE chunks_fts MATCH ? AND c.collection IN (SELECT value FROM json_each(?)) AND ${narrow.condition ?? 'true'}
         ORDER BY rank LIMIT ?`,
    words.join(' OR '),
    ...(plain ? [] : [JSON.stringify(narrow.collections), ...narrow.values]),
    most,
  );
  return rows.map(({ id }) => id);
}
