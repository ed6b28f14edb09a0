import { existsSync, statSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { layOut } from './aptly';
import { components, type Contents, suites } from './contents';
import { hashFile, linkFile } from './files';
import { clearSign, detachSign, keyringName, publicKeys, type SigningKey } from './key';
import { formatRelease, parseRelease, type Release } from './release';
import { sourcesFile } from './sources';

export interface TreeOptions {
  key: SigningKey;
  /** Where clients find the repository; goes into nanite.sources. */
  uri: string;
  now: Date;
  validDays: number;
  /** The tree that this one replaces. */
  before: string;
}

/** Where an index lies under its hash (https://wiki.debian.org/DebianRepository/Format#indices_acquisition_via_hashsums_.28by-hash.29). */
export const byHash = (index: string, sha256: string): string =>
  join(dirname(index), 'by-hash', 'SHA256', sha256);

/**
 * Keep the indexes of the tree before under their hashes, so that a client that read the last InRelease a moment ago
 * still finds what it names.
 */
async function keepFormerIndexes(before: string, folder: string): Promise<void> {
  if (!existsSync(join(before, 'Release'))) return;
  const release = parseRelease(await readFile(join(before, 'Release'), 'utf8'));
  for (const [index, { sha256 }] of release.files) {
    const from = join(before, byHash(index, sha256));
    const to = join(folder, byHash(index, sha256));
    if (existsSync(from) && !existsSync(to)) await linkFile(from, to);
  }
}

/** Write by-hash names and the Release of a suite that aptly laid out. @returns text of the Release */
async function describeSuite(
  folder: string,
  about: Pick<Release, 'suite' | 'date' | 'validUntil' | 'architectures'>,
): Promise<string> {
  const files: Release['files'] = new Map();
  for (const component of components) {
    for (const architecture of about.architectures) {
      const place = join(component, `binary-${architecture}`);
      // aptly's by-hash folder holds symbolic links with the paths of this machine; its Release says nothing new.
      await rm(join(folder, place, 'by-hash'), { recursive: true, force: true });
      await rm(join(folder, place, 'Release'), { force: true });
      for (const name of ['Packages', 'Packages.gz']) {
        const index = join(place, name);
        const path = join(folder, index);
        const sha256 = await hashFile(path);
        files.set(index, { size: statSync(path).size, sha256 });
        await linkFile(path, join(folder, byHash(index, sha256)));
      }
    }
  }
  const release = formatRelease({ ...about, components: [...components], files });
  await writeFile(join(folder, 'Release'), release);
  return release;
}

/**
 * Make a whole signed repository in an empty folder: dists/, pool/, the key and nanite.sources.
 *
 * aptly (1.6) lays out indexes and pool, but knows no Valid-Until; so the Release files are written and signed here.
 */
export async function makeTree(
  contents: Contents,
  tree: string,
  work: string,
  options: TreeOptions,
): Promise<void> {
  const { key, now, validDays } = options;
  const architectures = [
    ...new Set(['amd64', ...suites.flatMap((suite) => contents[suite].map((one) => one.architecture))]),
  ]
    .filter((architecture) => architecture !== 'all')
    .sort();
  const validUntil = new Date(now.getTime() + validDays * 86_400_000);
  await layOut(contents, { tree, work, architectures });
  for (const suite of suites) {
    const folder = join(tree, 'dists', suite);
    const release = await describeSuite(folder, { suite, date: now, validUntil, architectures });
    await keepFormerIndexes(join(options.before, 'dists', suite), folder);
    await writeFile(join(folder, 'InRelease'), await clearSign(key, release));
    await writeFile(join(folder, 'Release.gpg'), await detachSign(key, release));
  }
  await writeFile(join(tree, keyringName), await publicKeys(key));
  await writeFile(
    join(tree, 'nanite.sources'),
    sourcesFile({ uri: options.uri, suite: 'stable', architectures }),
  );
}

const timeless = (release: string): string => release.replace(/^(Date|Valid-Until):.*\n/gm, '');

/** Whether two trees say the same but for the time of their signature. */
export async function saysTheSame(a: string, b: string): Promise<boolean> {
  const paths = [...suites.map((suite) => join('dists', suite, 'Release')), keyringName, 'nanite.sources'];
  for (const path of paths) {
    if (!existsSync(join(a, path)) || !existsSync(join(b, path))) return false;
    const [one, other] = await Promise.all([
      readFile(join(a, path), 'utf8'),
      readFile(join(b, path), 'utf8'),
    ]);
    if (timeless(one) !== timeless(other)) return false;
  }
  return true;
}
