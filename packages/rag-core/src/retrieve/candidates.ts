import type { Database } from '../store';
import { fromBlob } from '../vectors';
import type { Narrowed } from './filter';
import type { Candidate } from './parts';

type Row = Omit<Candidate, 'vector' | 'sparse' | 'parts' | 'stems' | 'coverage' | 'dense' | 'ranks'> & {
  vector: Buffer | null;
};

/** Read chunks, those that the filter leaves; in any order. */
export async function readCandidates(
  database: Database,
  ids: readonly number[],
  narrow: Narrowed,
  withVectors: boolean,
): Promise<Candidate[]> {
  const rows = await database.all<Row>(
    `SELECT c.id, c.text, c.headings, c.place, c.symbol, c.hash, f.path, f.type, f.title, f.modified,
       l.name AS collection, ${withVectors ? 'v.vector' : 'NULL AS vector'}
     FROM json_each(?) j CROSS JOIN chunks c ON c.id = j.value JOIN files f ON f.id = c.file
       JOIN collections l ON l.id = c.collection ${withVectors ? 'LEFT JOIN vectors v ON v.chunk = c.id' : ''}
     WHERE ${narrow.condition ?? 'true'}`,
    JSON.stringify(ids),
    ...narrow.values,
  );
  return rows.map((row) => ({
    ...row,
    vector: row.vector === null ? null : fromBlob(row.vector),
    sparse: 0,
    parts: 0,
    stems: [],
    coverage: 0,
    dense: null,
    ranks: { sparse: null, dense: null, name: null },
  }));
}

/** How often the words of a title count: what a file calls itself tells more than what it mentions (docs/decisions/0121). */
const titleWeight = 3;

/** All that is known of a chunk's words, as BM25 counts them: with its title, and the headings that it stands under. */
export const weightedText = ({ title, headings, text }: Candidate): string =>
  `${`${title ?? ''}\n`.repeat(titleWeight)}${(JSON.parse(headings) as string[]).join('\n')}\n${text}`;
