import { existsSync, statSync } from 'node:fs';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { NaniteError } from '@nanite/kit';
import { suites } from './contents';
import { filesBelow, hashFile, onDisk } from './files';
import { verifyTree } from './verify';

/** A place that clients read: a folder that a web server serves, or a bucket. */
export interface MirrorTarget {
  readonly name: string;
  /** Paths of the files there. */
  list(): Promise<Set<string>>;
  /** sha256 of a file there; null where it is not known. */
  sha256(path: string): Promise<string | null>;
  /** Put a file there in one step: a reader sees the old one or the new one. */
  put(path: string, from: string, sha256: string): Promise<void>;
  remove(path: string): Promise<void>;
}

/**
 * When a file may appear. A client goes from InRelease to an index (by its hash) to a .deb, so the files are put in
 * the opposite order, and InRelease last: whatever it names is there when it is seen.
 */
function phase(path: string): number {
  const name = basename(path);
  if (path.startsWith('pool/') || path.includes('/by-hash/')) return 0;
  const isOfSuite = path.split('/').length === 3;
  if (!path.startsWith('dists/') || !isOfSuite) return 1;
  return name === 'InRelease' ? 3 : 2;
}

export interface MirrorOutcome {
  sent: string[];
  removed: string[];
  /** Files that were there already. */
  kept: number;
}

/**
 * Make a target equal to a published tree. Sends only what is not there; ends at once, with the target still usable,
 * where anything fails; can be run again.
 *
 * @throws NaniteError `repo-damaged` where the tree itself does not verify: nothing is sent then
 */
export async function mirror(
  tree: string,
  target: MirrorTarget,
  progress: (step: string) => void = () => undefined,
): Promise<MirrorOutcome> {
  const problems = await verifyTree(tree, { suites });
  if (problems.length > 0) {
    throw new NaniteError('repo-damaged', `${tree} is not fit to be sent:\n  ${problems.join('\n  ')}`, {
      hint: 'publish it again',
    });
  }
  const ours = filesBelow(tree);
  const theirs = await target.list();
  const outcome: MirrorOutcome = { sent: [], removed: [], kept: 0 };
  for (const path of [...ours].sort((a, b) => phase(a) - phase(b))) {
    const from = join(tree, path);
    const sha256 = await hashFile(from);
    if (theirs.has(path) && (await target.sha256(path)) === sha256) {
      outcome.kept++;
      continue;
    }
    if (path.endsWith('.deb')) progress(`${path} (${Math.ceil(statSync(from).size / 1024 / 1024)} MiB)`);
    await target.put(path, from, sha256);
    outcome.sent.push(path);
  }
  const wanted = new Set(ours);
  for (const path of theirs) {
    // Only what a repository of ours is made of: a bucket may hold other things.
    if (wanted.has(path) || !/^(dists|pool)\//.test(path)) continue;
    await target.remove(path);
    outcome.removed.push(path);
  }
  return outcome;
}

/** A folder on this machine, such as the root of a web server. */
export const folderTarget = (folder: string): MirrorTarget => ({
  name: folder,
  list: () => Promise.resolve(new Set(filesBelow(folder))),
  sha256: (path) => (existsSync(join(folder, path)) ? hashFile(join(folder, path)) : Promise.resolve(null)),
  put: (path, from) =>
    onDisk(folder, async () => {
      const place = join(folder, path);
      const partial = join(dirname(place), `.${basename(place)}.partial`);
      await mkdir(dirname(place), { recursive: true });
      try {
        await copyFile(from, partial);
        await rename(partial, place);
      } finally {
        await rm(partial, { force: true });
      }
    }),
  remove: (path) => rm(join(folder, path), { force: true }),
});
