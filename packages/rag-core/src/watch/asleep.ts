import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What is followed, for whoever keeps watch while the service rests. */
export interface Followed {
  /** Folders in which every change counts. */
  folders: Buffer[];
  /** What a collection was given, with the folder it lies in: its own coming and going is seen there. */
  roots: Array<{ path: Buffer; parent: Buffer; there: boolean }>;
  /** Whether files count whose names begin with a dot. */
  hidden: boolean;
}

/** Where the service notes that it rests. */
const noteOf = (folder: string): string => join(folder, 'asleep');

/**
 * Note for bin/watch that the service ends because nothing is left to do, and what to start it for.
 *
 * @param folder the service's own
 * @param since milliseconds since 1970: what changed from then on, it may not have seen
 * @param retrySeconds after which it is started whatever happens; 0: never
 */
export function fallAsleep(folder: string, followed: Followed, since: number, retrySeconds: number): void {
  const { folders, roots, hidden } = followed;
  const parents = new Map(roots.map(({ parent }) => [parent.toString('latin1'), parent]));
  const records: Array<[string, Buffer | string]> = [
    ['s', String(Math.floor(since / 1000))],
    ['t', String(retrySeconds)],
    ...(hidden ? [['h', ''] as [string, string]] : []),
    ...folders.map((path): [string, Buffer] => ['d', path]),
    ...[...parents.values()].map((path): [string, Buffer] => ['p', path]),
    ...roots.map(({ path, there }): [string, Buffer] => [there ? 'n' : 'm', path]),
  ];
  const parts = records.flatMap(([kind, value]) => [Buffer.from(kind), Buffer.from(value), Buffer.alloc(1)]);
  writeFileSync(noteOf(folder), Buffer.concat(parts), { mode: 0o600 });
}

/** How the service was left, told once at its start; from now on nobody else keeps watch. */
export function wakeUp(folder: string): {
  /** It ended for want of work, so what it left is whole. */
  rested: boolean;
  /** Nobody could keep watch in its place. */
  unwatched: boolean;
} {
  const unwatched = join(folder, 'unwatched');
  const told = { rested: existsSync(noteOf(folder)), unwatched: existsSync(unwatched) };
  rmSync(noteOf(folder), { force: true });
  rmSync(unwatched, { force: true });
  return told;
}
