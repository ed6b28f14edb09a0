import { readdirSync, type Stats } from 'node:fs';
import { reservedNames } from './layout';

/** Names of the folders of a root that may hold models. */
export function folders(root: string): string[] {
  try {
    return readdirSync(root, { withFileTypes: true })
      .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'))
      .map((entry) => entry.name)
      .filter((name) => !reservedNames.has(name));
  } catch {
    // No such root: nothing was installed there.
    return [];
  }
}

/** What changes with whatever appears, disappears or is exchanged in a folder, and with a file that is written. */
export const stampOf = (at: Stats): string => `${at.ino}-${at.size}-${at.mtimeMs}-${at.ctimeMs}`;

/** What changed so lately may change again and look the same: clocks of file systems tick each 4 ms or slower. */
export const unsettledMs = 100;
