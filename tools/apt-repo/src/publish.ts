import { existsSync, statSync } from 'node:fs';
import { mkdir, readFile, rm, statfs } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { NaniteError } from '@nanite/kit';
import { diskFull } from './command';
import {
  addPackages,
  type Contents,
  type Package,
  readContents,
  readDeb,
  type Suite,
  suites,
} from './contents';
import { copyAside, filesBelow, onDisk, replaceFolder } from './files';
import { type SigningKey, signingKey } from './key';
import { withLock } from './lock';
import { parseRelease } from './release';
import { makeTree, saysTheSame } from './tree';
import { verifyTree } from './verify';

export interface RepoOptions {
  /** Folder of the repository: dist/repo. */
  tree: string;
  /** Where clients find it; default: the folder itself, as a file: URI. */
  uri?: string;
  /** Days until clients refuse the index as too old. */
  validDays: number;
  /** Versions of a package that a suite keeps. */
  keep: number;
  /** Let new content stand for a version that is there. */
  replace: boolean;
  now?: Date;
  keys?: string;
  /** Told what is being done. */
  progress?: (step: string) => void | Promise<void>;
}

export interface Outcome {
  /** False where the tree said all of this before, and still will for a while. */
  changed: boolean;
  contents: Contents;
  key: SigningKey;
}

/** Names of .deb files below a folder of projects: dist/debs/PROJECT/*.deb. Debug symbols stay where they are. */
export function findDebs(folder: string): string[] {
  return filesBelow(folder)
    .filter((path) => /^[^/]+\/[^/]+\.deb$/.test(path))
    .filter((path) => !basename(path).includes('-dbgsym_'))
    .map((path) => join(folder, path))
    .sort();
}

/** @throws NaniteError `no-debs`, `no-such-package`, `bad-deb` */
async function readDebs(folder: string, only: readonly string[] | undefined): Promise<Package[]> {
  const files = findDebs(folder);
  if (files.length === 0) {
    throw new NaniteError('no-debs', `there is no .deb in ${folder}`, {
      hint: 'build some first: make debs',
    });
  }
  const wanted = files.filter((file) => only === undefined || only.includes(basename(file).split('_')[0]!));
  const found = new Set(wanted.map((file) => basename(file).split('_')[0]!));
  const missing = (only ?? []).filter((name) => !found.has(name));
  if (missing.length > 0) {
    throw new NaniteError('no-such-package', `no .deb of ${missing.join(', ')} in ${folder}`, {
      hint: `there are ${[...new Set(files.map((file) => basename(file).split('_')[0]!))].join(', ')}`,
    });
  }
  return Promise.all(wanted.map(readDeb));
}

const indexRoom = 32 * 1024 * 1024;

/** @throws NaniteError `disk-full` before anything is written, where the new files cannot fit */
async function checkRoom(folder: string, added: readonly Package[]): Promise<void> {
  const disk = await statfs(folder);
  const free = disk.bavail * disk.bsize;
  const needed =
    added.reduce((sum, one) => sum + one.size, 0) + Math.min(indexRoom, disk.blocks * disk.bsize * 0.05);
  const mib = (bytes: number) => `${Math.ceil(bytes / 1024 / 1024)} MiB`;
  if (free < needed) throw diskFull(folder, `${mib(needed)} are needed and ${mib(free)} are free`);
}

/** Whether a tree's signatures will count for at least half of their time. */
async function isFresh(tree: string, now: Date, validDays: number): Promise<boolean> {
  for (const suite of suites) {
    const release = parseRelease(await readFile(join(tree, 'dists', suite, 'Release'), 'utf8'));
    const left = (release.validUntil?.getTime() ?? 0) - now.getTime();
    if (left < (validDays * 86_400_000) / 2 || release.date > now) return false;
  }
  return true;
}

/**
 * Make the tree anew with other contents, and put it in the place of the old one in a single step. However this ends
 * before that step, the old tree is as it was.
 */
async function change(
  options: RepoOptions,
  edit: (before: Contents, copyIn: (one: Package) => Promise<Package>) => Promise<Contents>,
): Promise<Outcome> {
  const tree = resolve(options.tree);
  const now = options.now ?? new Date();
  const say = options.progress ?? (() => undefined);
  const key = await signingKey(options.keys);
  if (key.isNew) await say(`Made a signing key in ${key.folder}: keep a backup (key backup FILE)`);
  const work = join(dirname(tree), `.${basename(tree)}.work`);
  await mkdir(dirname(tree), { recursive: true });
  return withLock(join(dirname(tree), `.${basename(tree)}.lock`), () =>
    onDisk(tree, async () => {
      // Left by a run that was killed.
      await rm(work, { recursive: true, force: true });
      try {
        const contents = await edit(readContents(tree), async (one) => {
          const file = join(work, 'new', one.sha256, basename(one.file));
          await copyAside(one.file, file);
          return { ...one, file };
        });
        await say('Writing indexes and signing them');
        const finished = join(work, 'tree');
        const uri = options.uri ?? `file://${tree}`;
        await makeTree(contents, finished, join(work, 'scratch'), {
          key,
          uri,
          now,
          validDays: options.validDays,
          before: tree,
        });
        await say('Checking every signature, index and package');
        const problems = await verifyTree(finished, { suites, now });
        if (problems.length > 0) {
          throw new NaniteError(
            'repo-damaged',
            `the new repository is not whole:\n  ${problems.join('\n  ')}`,
          );
        }
        const same =
          existsSync(join(tree, 'dists')) &&
          (await saysTheSame(tree, finished)) &&
          (await isFresh(tree, now, options.validDays)) &&
          (await verifyTree(tree, { suites, now })).length === 0;
        if (!same) {
          await say('Putting it in place');
          await replaceFolder(finished, tree);
        }
        return { changed: !same, contents: readContents(tree), key };
      } finally {
        await rm(work, { recursive: true, force: true });
      }
    }),
  );
}

/**
 * Add .debs to a suite.
 *
 * @param debs folder of projects: dist/debs
 * @param only names of packages; all where undefined
 */
export async function publish(
  debs: string,
  options: RepoOptions & { to: readonly Suite[]; only?: readonly string[] },
): Promise<Outcome> {
  await options.progress?.('Reading packages');
  const read = await readDebs(debs, options.only);
  return change(options, async (before, copyIn) => {
    const known = new Set(suites.flatMap((suite) => before[suite].map((one) => one.sha256)));
    const added = read.filter((one) => !known.has(one.sha256));
    await checkRoom(dirname(resolve(options.tree)), added);
    await options.progress?.(`Taking ${added.length} new of ${read.length} packages`);
    const inPlace = new Map(
      suites.flatMap((suite) => before[suite].map((one) => [one.sha256, one] as const)),
    );
    const taken: Package[] = [];
    for (const one of read) taken.push(inPlace.get(one.sha256) ?? (await copyIn(one)));
    return options.to.reduce((contents, suite) => addPackages(contents, suite, taken, options), before);
  });
}

/** Give a suite what another has: all, or the packages named, in their newest version. */
export async function promote(
  options: RepoOptions & { from: Suite; to: Suite; only?: readonly string[] },
): Promise<Outcome> {
  return change(options, async (before) => {
    const moved = before[options.from].filter((one) => options.only?.includes(one.name) ?? true);
    const missing = (options.only ?? []).filter((name) => !moved.some((one) => one.name === name));
    if (missing.length > 0 || moved.length === 0) {
      throw new NaniteError('no-such-package', `${options.from} has no ${missing.join(', ') || 'packages'}`, {
        hint: `publish to ${options.from} first`,
      });
    }
    return addPackages(before, options.to, moved, options);
  });
}

/** Take packages out of a suite: a release that should not have been. */
export async function withdraw(
  options: RepoOptions & { from: Suite; only: readonly string[]; version?: string },
): Promise<Outcome> {
  return change(options, async (before) => {
    const gone = before[options.from].filter(
      (one) =>
        options.only.includes(one.name) && (options.version === undefined || one.version === options.version),
    );
    if (gone.length === 0) {
      throw new NaniteError('no-such-package', `${options.from} has none of ${options.only.join(', ')}`);
    }
    return { ...before, [options.from]: before[options.from].filter((one) => !gone.includes(one)) };
  });
}

/** Bytes of a tree's pool. */
export const poolSize = (contents: Contents): number =>
  [
    ...new Map(
      suites.flatMap((suite) => contents[suite].map((one) => [one.file, statSync(one.file).size])),
    ).values(),
  ].reduce((sum, size) => sum + size, 0);
