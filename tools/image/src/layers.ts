import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { type Resolved, securityMirror } from './apt';
import { run } from './program';

/** Changes where the same packages would make another layer. */
const recipe = 3;
/** Flavours that are built in turn each keep theirs. */
const kept = 3;

/**
 * A layer is a folder with a system of Debian's packages alone: all that an image's metapackages bring, without ours. It is
 * what most of a build's time goes into and what changes least, so it stays between builds, under a name that its list of
 * packages and versions makes.
 */
export function layerName(packages: readonly Resolved[]): string {
  const lines = packages
    .filter((one) => !one.ours)
    .map((one) => `${one.name}=${one.version}`)
    .sort();
  return createHash('sha256')
    .update([recipe, ...lines].join('\n'))
    .digest('hex')
    .slice(0, 16);
}

/** All but what every Debian has. `\\$` reaches dpkg-query past two shells. */
const markAutomatic =
  "dpkg-query -W -f '\\${Package}:\\${Priority}\\n' | grep -v -E ':(required|important)' | cut -d: -f1 | xargs apt-mark auto >/dev/null";

export interface LayerOptions {
  layers: string;
  mirror: string;
  /** Packages as files, fetched and checked before. */
  fetched: string;
  log: string;
  signal?: AbortSignal;
}

export const layerFolder = (layers: string, packages: readonly Resolved[]): string =>
  join(layers, layerName(packages));

/** The folder of the layer; made where there is none. */
export async function layerOf(packages: readonly Resolved[], options: LayerOptions): Promise<string> {
  const folder = layerFolder(options.layers, packages);
  if (!existsSync(folder)) {
    await mkdir(options.layers, { recursive: true });
    await forgetOthers(options.layers, kept - 1);
    const partial = `${folder}.partial`;
    await make(packages, partial, options);
    await rename(partial, folder);
  }
  const now = new Date();
  await utimes(folder, now, now);
  return folder;
}

async function make(packages: readonly Resolved[], folder: string, options: LayerOptions): Promise<void> {
  const include = packages
    .filter((one) => !one.ours)
    .map((one) => one.name)
    .join(',');
  const sources = [
    `deb ${options.mirror} trixie main contrib non-free non-free-firmware`,
    `deb ${options.mirror} trixie-updates main contrib non-free non-free-firmware`,
    `deb ${securityMirror(options.mirror)} trixie-security main contrib non-free non-free-firmware`,
  ];
  await run(
    'mmdebstrap',
    [
      '--variant=apt',
      '--mode=root',
      '--format=directory',
      `--include=${include}`,
      '--aptopt=Acquire::Languages "none"',
      // The syncs of a thousand packages would take longer than the rest.
      '--hook-dir=/usr/share/mmdebstrap/hooks/eatmydata',
      '--skip=download/empty',
      '--skip=essential/unlink',
      `--setup-hook=mkdir -p "$1/var/cache/apt/archives" && cp -t "$1/var/cache/apt/archives" ${options.fetched}/*.deb`,
      // Wanted by the packages that come later, not by themselves.
      `--customize-hook=chroot "$1" sh -c "${markAutomatic}"`,
      '--customize-hook=rm "$1/etc/apt/apt.conf.d/99mmdebstrap"',
      'trixie',
      folder,
      ...sources,
    ],
    { log: options.log, signal: options.signal, env: { DEBIAN_FRONTEND: 'noninteractive' } },
  );
}

/** Leave only the layers used last. */
async function forgetOthers(layers: string, keep: number): Promise<void> {
  const ages = await Promise.all(
    (await readdir(layers)).map(async (name) => ({
      name,
      used: name.endsWith('.partial') ? 0 : (await stat(join(layers, name))).mtimeMs,
    })),
  );
  ages.sort((a, b) => b.used - a.used);
  const partial = ages.filter((one) => one.used === 0);
  const old = ages.filter((one) => one.used > 0).slice(keep);
  for (const { name } of [...partial, ...old]) await rm(join(layers, name), { recursive: true, force: true });
}
