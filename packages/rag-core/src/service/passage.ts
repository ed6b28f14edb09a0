import { FileType, formatCitation, Place, type Passage } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import type { Database } from '../store';

interface Row {
  collection: string;
  path: Buffer;
  type: string;
  title: string | null;
  headings: string;
  place: string;
  symbol: string | null;
  text: string;
  modified: number;
}

/**
 * One passage by its id.
 *
 * @param mayRead whether whom it is shown to may read the file now
 * @throws NaniteError `no-such-passage` 404: its file changed, was removed, or may not be read
 */
export async function readPassage(
  database: Database,
  id: number,
  mayRead: (path: Buffer) => Promise<boolean>,
): Promise<Passage> {
  const row = await database.get<Row>(
    `SELECT collections.name AS collection, path, type, title, headings, place, symbol, text, modified FROM chunks
       JOIN files ON files.id = chunks.file JOIN collections ON collections.id = files.collection WHERE chunks.id = ?`,
    id,
  );
  if (row === undefined || !(await mayRead(row.path))) {
    throw new NaniteError('no-such-passage', `there is no passage ${id}`, {
      status: 404,
      hint: 'passages get new numbers when their file changes: search again',
    });
  }
  const { path, place, ...rest } = row;
  const at = Place.parse(JSON.parse(place));
  return {
    ...rest,
    id,
    path: path.toString(),
    uri: formatCitation({ path, place: at }),
    type: FileType.parse(row.type),
    headings: JSON.parse(row.headings) as string[],
    place: at,
    modified: new Date(row.modified).toISOString(),
  };
}
