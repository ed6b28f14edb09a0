import { extensionOf } from '../extract/file-type';
import type { Database } from '../store';
import type { FoundFile } from '../walk';
import { nameFile } from './index-file';

/** What the index knows of a file; enough to tell whether it changed. */
export interface KnownFile {
  id: number;
  path: Buffer;
  identity: string;
  ctime: string;
  state: string;
  title: string | null;
}

export interface FoundIn {
  file: FoundFile;
  folder: Buffer;
}

/** How a part of a root differs from what the index knows of it. */
export interface Difference {
  /** New, or not as it was. */
  changed: Array<FoundIn & { isNew: boolean }>;
  /** The same file under another name. */
  moved: Array<{ known: KnownFile; to: FoundIn; over: KnownFile | null }>;
  gone: KnownFile[];
}

const key = (path: Buffer): string => path.toString('latin1');
const nameOf = (path: Buffer): string => path.subarray(path.lastIndexOf(0x2f) + 1).toString();

/** Compare what is there with what is known of the same folders. */
export function differenceOf(known: readonly KnownFile[], found: readonly FoundIn[]): Difference {
  const rows = new Map(known.map((row) => [key(row.path), row]));
  const changed: Array<{ to: FoundIn; over: KnownFile | null }> = [];
  for (const to of found) {
    const at = key(to.file.path);
    const row = rows.get(at);
    rows.delete(at);
    if (row === undefined || row.identity !== to.file.identity || row.ctime !== to.file.ctime) {
      changed.push({ to, over: row ?? null });
    }
  }
  const gone = new Map([...rows.values()].map((row) => [row.identity, row]));
  const difference: Difference = { changed: [], moved: [], gone: [] };
  for (const { to, over } of changed) {
    const row = gone.get(to.file.identity);
    const same =
      row !== undefined &&
      row.state === 'indexed' &&
      extensionOf(nameOf(row.path)) === extensionOf(nameOf(to.file.path));
    if (!same) {
      difference.changed.push({ ...to, isNew: over === null });
      continue;
    }
    rows.delete(key(row.path));
    gone.delete(row.identity);
    difference.moved.push({ known: row, to, over });
  }
  difference.gone = [...rows.values()];
  return difference;
}

/** So many rows a transaction: others want to write too. */
const atOnce = 500;

/** Bring the index up to date with what went and what was renamed: no file is read for that. */
export async function applyMovesAndLosses(database: Database, { moved, gone }: Difference): Promise<void> {
  for (let at = 0; at < moved.length; at += atOnce) {
    await database.transaction(async (within) => {
      for (const { known, to, over } of moved.slice(at, at + atOnce)) {
        if (over !== null) await within.run('DELETE FROM files WHERE id = ?', over.id);
        await within.run(
          'UPDATE files SET path = ?, folder = ?, identity = ?, ctime = ? WHERE id = ?',
          to.file.path,
          to.folder,
          to.file.identity,
          to.file.ctime,
          known.id,
        );
        await nameFile(within, known.id, to.file.path, known.title);
      }
    });
  }
  for (let at = 0; at < gone.length; at += atOnce) {
    await database.transaction(async (within) => {
      for (const { id } of gone.slice(at, at + atOnce))
        await within.run('DELETE FROM files WHERE id = ?', id);
    });
  }
}
