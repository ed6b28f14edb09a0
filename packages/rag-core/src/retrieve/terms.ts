import type { Database } from '../store';
import { isCommon, stemOf, wordsOf } from '../words/stems';

/** A word of a question. */
export interface Term {
  /** As it stands there, in small letters: what FTS5 is asked for. */
  word: string;
  stem: string;
  /** How often it stands in the question. */
  times: number;
  /** Chunks that hold it. */
  chunks: number;
}

/** Words in one question that are looked for; a pasted page has more than anybody means. */
const mostTerms = 64;

/**
 * The words that a question is about; all of them where it consists of common ones: "to be or not to be".
 *
 * @param files JSON array of the ids of the files whose words are counted; null: all
 */
export async function termsOf(
  database: Database,
  question: string,
  files: string | null = null,
): Promise<Term[]> {
  const all = wordsOf(question);
  const telling = all.filter((word) => !isCommon(word));
  const terms = new Map<string, Term>();
  for (const word of telling.length > 0 ? telling : all) {
    const stem = stemOf(word);
    const term = terms.get(stem);
    if (term !== undefined) term.times += 1;
    else if (terms.size < mostTerms) terms.set(stem, { word, stem, times: 1, chunks: 0 });
  }
  if (files !== null) {
    for (const term of terms.values()) {
      const row = await database.get<{ chunks: number }>(
        `SELECT count(*) AS chunks FROM chunks_fts CROSS JOIN chunks c ON c.id = chunks_fts.rowid
         WHERE chunks_fts MATCH ? AND c.file IN (SELECT value FROM json_each(?))`,
        quoted(term.word),
        files,
      );
      term.chunks = row?.chunks ?? 0;
    }
    return [...terms.values()];
  }
  const counts = await database.all<{ term: string; doc: number }>(
    'SELECT term, doc FROM chunks_words WHERE term IN (SELECT value FROM json_each(?))',
    JSON.stringify([...terms.keys()]),
  );
  for (const { term, doc } of counts) terms.get(term)!.chunks = doc;
  // Of several words to FTS5, such as `3.14`: a phrase, of which it keeps no count.
  for (const term of terms.values()) {
    if (!/[.,:'’]/u.test(term.word)) continue;
    const row = await database.get<{ chunks: number }>(
      'SELECT count(*) AS chunks FROM chunks_fts WHERE chunks_fts MATCH ?',
      quoted(term.word),
    );
    term.chunks = row?.chunks ?? 0;
  }
  return [...terms.values()];
}

/** A word as FTS5 is asked for it, whatever characters it has. */
export const quoted = (word: string): string => `"${word.replaceAll('"', '""')}"`;
