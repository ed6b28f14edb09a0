import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { cp, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { NaniteError } from '@nanite/kit';
import { Apt, isRepository, type Resolution, sourceLines, without } from './apt';
import { layerFolder, layerOf } from './layers';
import { doorway, liveBuild } from './live-build';
import { removeWithMounts } from './mounts';
import { readLists } from './package-lists';
import { needSpace } from './space';
import { imageName, packagesOf, plain, type Variant } from './variant';

export interface BuildOptions {
  variant: Variant;
  /** live-build/ of the checkout. */
  configuration: string;
  repository: string;
  /** Armoured public keys that the repository must be signed by. */
  keys: string;
  mirror: string;
  /** The keys that must have signed it. */
  debianKeyring: string;
  /** Where finished images go. */
  images: string;
  /** Where layers, fetched packages and the work of this build go. */
  cache: string;
  /** `nanite.sources` of the installed system. */
  sources: string;
  signal?: AbortSignal;
  progress: (line: string) => void;
  /** Stop once everything is fetched and checked. */
  checkOnly?: boolean;
}

export interface Built {
  image: string;
  bytes: number;
  sha256: string;
  packages: number;
  /** Seconds since the build began. */
  seconds: number;
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
/** apt's indices of four suites, with their cache. */
const indices = 300e6;

/**
 * Make an image, or say why not: everything is resolved, fetched and checked before anything is built, and a file in `images`
 * has its final name only when it is whole.
 *
 * @throws NaniteError `no-space`, `no-repository`, `repository-untrusted`, `no-such-package`, `package-changed`, …
 */
export async function build(options: BuildOptions): Promise<Built | undefined> {
  const { variant, cache, images, progress, signal } = options;
  const started = Date.now();
  const work = join(cache, 'work');
  const log = join(cache, 'build.log');
  const fetched = join(cache, 'archives');
  await mkdir(cache, { recursive: true });
  await mkdir(images, { recursive: true });
  // Left by a build that was killed.
  await removeWithMounts(work);
  try {
    await needSpace([{ folder: cache, bytes: indices, what: "apt's indices" }]);
    await mkdir(work, { recursive: true });
    await writeFile(log, '');

    progress(`${imageName(variant)}: reading the repositories`);
    const { apt, preferences, archives } = await openArchives(options, work, fetched);
    const lists = readLists(options.configuration);
    const named = packagesOf(variant, lists);
    const beyondLists = variant.flavour === plain ? await groups(apt) : [];
    const wanted = [
      ...new Set([...(await apt.ofEveryDebian()), 'linux-image-amd64', ...named, ...beyondLists]),
    ];
    const resolution = await apt.resolve(wanted);
    await apt.needRecommended(resolution.packages);
    say(resolution, progress);
    await needSpace(needs(options, resolution, fetched));

    progress(`fetching ${megabytes(resolution.toFetch)}`);
    await apt.download(wanted);
    if (options.checkOnly === true) return undefined;

    const isWarm = existsSync(layerFolder(join(cache, 'layers'), resolution.packages));
    progress(isWarm ? "Debian's part is as it was" : "installing Debian's part");
    const layer = await layerOf(resolution.packages, {
      layers: join(cache, 'layers'),
      mirror: options.mirror,
      fetched,
      log,
      signal,
    });
    const tree = join(work, 'tree');
    await mkdir(tree);
    await liveBuild({
      work: tree,
      configuration: options.configuration,
      layer,
      variant,
      archives,
      preferences,
      packages: [...variant.extra, ...beyondLists],
      sources: variant.flavour === plain ? '' : options.sources,
      log,
      signal,
      progress,
    });
    const built = await finish(tree, images, imageName(variant));
    return { ...built, seconds: (Date.now() - started) / 1000 };
  } catch (error) {
    if (/no space left on device/i.test(String(error))) {
      throw new NaniteError('no-space', 'the disk became full while the image was built', {
        hint: `free space and run it again; nothing half-made is left in ${images}`,
        cause: error,
      });
    }
    throw error;
  } finally {
    await removeWithMounts(work);
  }
}

async function openArchives(options: BuildOptions, work: string, fetched: string) {
  const { variant, signal } = options;
  if (!isRepository(options.repository)) {
    throw new NaniteError('no-repository', `there is no repository in ${options.repository}`, {
      hint: 'make repo',
    });
  }
  const archives = join(work, 'archives');
  const keyring = join(archives, 'nanite.asc');
  const repository = join(archives, 'repository');
  await mkdir(archives);
  // A publication while the image is built must not change what it is built of.
  await cp(options.repository, repository, { recursive: true });
  await writeFile(keyring, options.keys);
  const seenFromInside = (name: string): string => `/${doorway}/${name}`;
  await writeFile(
    join(archives, 'sources.list'),
    sourceLines({
      mirror: options.mirror,
      debianKeyring: options.debianKeyring,
      repository: seenFromInside('repository'),
      keyring: seenFromInside('nanite.asc'),
    }),
  );
  const open = async (preferences: string): Promise<Apt> => {
    const apt = await Apt.create(
      join(work, 'apt'),
      {
        mirror: options.mirror,
        debianKeyring: options.debianKeyring,
        repository,
        keyring,
        preferences,
      },
      fetched,
      signal,
    );
    await apt.update();
    return apt;
  };
  const preferences = await readFile(join(options.configuration, 'config/apt/preferences'), 'utf8');
  const apt = await open(preferences);
  if (variant.models !== 'none' || variant.flavour === plain) return { apt, preferences, archives };
  // Without models: not even those that a metapackage recommends. What runs them is small and stays.
  const wanted = await Promise.all(modelPackages.map((name) => apt.wants(name, ['Depends'])));
  const models = wanted.flat().filter((name) => name.startsWith('nanite-model-'));
  const more = `${preferences.trimEnd()}\n\n${without([...modelPackages, ...models])}`;
  return { apt: await open(more), preferences: more, archives };
}

const modelPackages = ['nanite-small-models', 'nanite-offline-models'];

/** The same groups of packages without ours: what our desktop is measured against. */
async function groups(apt: Apt): Promise<string[]> {
  const names = await Promise.all(
    ['nanite-desktop', 'nanite-firmware'].map((name) => apt.wants(name, ['Depends', 'Recommends'])),
  );
  return names.flat().filter((name) => !name.startsWith('nanite-'));
}

function say({ packages, installed }: Resolution, progress: (line: string) => void): void {
  const ours = packages.filter((one) => one.ours).length;
  progress(`${packages.length} packages, ${ours} of them ours, ${megabytes(installed)} installed`);
}

/** Installed systems of XFCE were seen to compress to between 0.25 and 0.35 of their size. */
const compressed = 0.4;

function needs(
  { cache, images }: BuildOptions,
  { installed, toFetch, packages }: Resolution,
  fetched: string,
) {
  const isWarm = existsSync(layerFolder(join(cache, 'layers'), packages));
  return [
    { folder: fetched, bytes: toFetch, what: 'packages to fetch' },
    // A layer in the making has its packages beside what they unpack to.
    { folder: cache, bytes: isWarm ? 0 : 1.4 * installed, what: "Debian's part" },
    { folder: cache, bytes: 0.25 * installed + 2 * compressed * installed, what: 'the image in the making' },
    { folder: images, bytes: compressed * installed, what: 'the finished image' },
  ].filter((need) => need.bytes > 0);
}

/** Under partial names first; the image gets its own last. */
async function finish(work: string, images: string, name: string): Promise<Omit<Built, 'seconds'>> {
  const image = join(images, `${name}.iso`);
  const part = (ending: string): string => join(images, `.${name}${ending}.partial`);
  const source = join(work, 'nanite-amd64.hybrid.iso');
  try {
    const sha256 = await copyAndSum(source, part('.iso'));
    const packages = (await readFile(join(work, 'nanite-amd64.packages'), 'utf8')).replaceAll('\t', ' ');
    await writeFile(part('.packages'), packages);
    await writeFile(part('.iso.sha256'), `${sha256}  ${basename(image)}\n`);
    await rename(part('.packages'), join(images, `${name}.packages`));
    await rename(part('.iso.sha256'), `${image}.sha256`);
    await rename(part('.iso'), image);
    const { size } = await stat(image);
    return { image, bytes: size, sha256, packages: packages.trim().split('\n').length };
  } finally {
    for (const ending of ['.iso', '.packages', '.iso.sha256']) await rm(part(ending), { force: true });
  }
}

async function copyAndSum(from: string, to: string): Promise<string> {
  const hash = createHash('sha256');
  const sum = new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(createReadStream(from, { highWaterMark: 1 << 20 }), sum, createWriteStream(to));
  const file = await open(to, 'r+');
  await file.sync();
  await file.close();
  return hash.digest('hex');
}
