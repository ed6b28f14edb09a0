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
 */
export async function sparseCandidates(
  database: Database,
  terms: readonly Term[],
  narrow: Narrowed,
  most: number,
): Promise<number[]> {
  return named(
    database,
    searched(terms).map(({ word }) => quoted(word)),
    narrow,
    most,
    true,
  );
}

/**
 * As {@link sparseCandidates} while somebody types: the last word may go on. What stands everywhere is not weighed then,
 * which takes half a second of a hundred thousand chunks and tells nothing: any that hold it will do.
 *
 * @param mostWeighed chunks that hold a word, of one that is weighed
 */
export async function typedCandidates(
  database: Database,
  terms: readonly Term[],
  narrow: Narrowed,
  most: number,
  mostWeighed = mostPostings,
): Promise<number[]> {
  const whole = searched(terms);
  const weighed = whole.filter(({ chunks }) => chunks <= mostWeighed).map(({ word }) => quoted(word));
  const rest = whole.filter(({ chunks }) => chunks > mostWeighed).map(({ word }) => quoted(word));
  const last = terms.at(-1);
  if (last !== undefined && [...last.word].length >= 3) {
    // FTS5 stems what it is asked for, also where it may go on.
    const row = await database.get<{ postings: number | null }>(
      'SELECT sum(doc) AS postings FROM chunks_words WHERE term >= ?1 AND term < ?1 || char(1114111)',
      last.stem,
    );
    ((row?.postings ?? 0) <= mostWeighed ? weighed : rest).push(`${quoted(last.word)}*`);
  }
  const [best, any] = await Promise.all([
    named(database, weighed, narrow, most, true),
    named(database, rest, narrow, most, false),
  ]);
  return [...new Set([...best, ...any])].slice(0, most);
}

async function named(
  database: Database,
  words: readonly string[],
  narrow: Narrowed,
  most: number,
  inOrder: boolean,
): Promise<number[]> {
  if (words.length === 0) return [];
  const plain = narrow.everywhere && narrow.condition === null;
  const order = inOrder ? 'ORDER BY rank' : '';
  const rows = await database.all<{ id: number }>(
    plain
      ? `SELECT rowid AS id FROM chunks_fts WHERE chunks_fts MATCH ? ${order} LIMIT ?`
      : `SELECT c.id FROM chunks_fts JOIN chunks c ON c.id = chunks_fts.rowid JOIN files f ON f.id = c.file
         WHERE chunks_fts MATCH ? AND c.collection IN (SELECT value FROM json_each(?)) AND ${narrow.condition ?? 'true'}
         ${order} LIMIT ?`,
    words.join(' OR '),
    ...(plain ? [] : [JSON.stringify(narrow.collections), ...narrow.values]),
    most,
  );
  return rows.map(({ id }) => id);
}
