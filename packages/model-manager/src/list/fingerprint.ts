import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { folders, stampOf, unsettledMs } from '../store/folders';

/** What a list depends on. */
export interface Basis {
  /** Folders whose folders are models. */
  roots: readonly string[];
  /** Files and folders besides; not all need to exist. */
  files: readonly string[];
  /** What is not a file. */
  facts: readonly string[];
}

export interface Fingerprint {
  /** The same as long as nothing has changed. */
  hash: string;
  /** Whether a change from now on would be seen: not where something has just changed. */
  settled: boolean;
}

/** One number for all that a list depends on, by the inodes and times of its files: nothing is read. */
export function fingerprint({ roots, files, facts }: Basis): Fingerprint {
  const seen: string[] = [...facts];
  let newest = 0;
  const look = (path: string): void => {
    const at = statSync(path, { throwIfNoEntry: false });
    if (at !== undefined && at.ctimeMs > newest) newest = at.ctimeMs;
    seen.push(path, at === undefined ? '-' : stampOf(at));
  };
  for (const root of roots) {
    for (const id of folders(root)) {
      const folder = join(root, id);
      look(folder);
      look(`${folder}/manifest.json`);
    }
    // The end of a root: a model that moves to the next is another.
    seen.push('');
  }
  for (const file of files) look(file);
  const hash = createHash('sha256').update(seen.join('\0')).digest('hex');
  return { hash, settled: Math.abs(Date.now() - newest) > unsettledMs };
}
