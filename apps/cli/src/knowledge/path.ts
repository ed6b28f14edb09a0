import { homedir } from 'node:os';
import { relative } from 'node:path';

/** A path as a person reads it: from the working folder where it lies below it, else from home (`~`), else whole. */
export function shortPath(path: string, cwd = process.cwd(), home = homedir()): string {
  const below = relative(cwd, path);
  if (below !== '' && !below.startsWith('..')) return below;
  return path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}
