import { existsSync } from 'node:fs';
import { cp, mkdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NaniteError } from '@nanite/kit';
import { leaveOutBootImage } from './medium-sums';
import { mountsBelow } from './mounts';
import { type Ended, run, runToEnd } from './program';
import { axesOf, type Variant } from './variant';

export interface LiveBuild {
  /** An empty folder to build in. */
  work: string;
  /** live-build/ of the checkout. */
  configuration: string;
  layer: string;
  variant: Variant;
  /** A folder with what is read at `doorway`: `sources.list`, and the repository and the key that it names. */
  archives: string;
  /** apt_preferences(5). */
  preferences: string;
  /** Packages beyond the lists'. */
  packages: readonly string[];
  /** `nanite.sources` of the installed system. */
  sources: string;
  log: string;
  signal?: AbortSignal;
  progress: (stage: string) => void;
}

/** Make an image from a layer, by live-build's own steps. */
export async function liveBuild(build: LiveBuild): Promise<void> {
  const { work } = build;
  await cp(build.configuration, work, { recursive: true });
  await configure(build);
  await useLayer(build);
  const door = join(work, 'chroot', doorway);
  await mkdir(door);
  await run('mount', ['--bind', '-o', 'ro', build.archives, door], { signal: build.signal });
  await step(build, 'config');
  await step(build, 'chroot');
  // live-build may have unmounted it as it ended.
  for (const path of await mountsBelow(door)) await run('umount', [path], { signal: build.signal });
  await rmdir(door);
  // The sums of the medium are to be corrected before it is written: live-build passes over a step that is marked as done.
  const written = join(work, '.build/binary_iso');
  await writeFile(written, '');
  await step(build, 'binary');
  await needSecureBoot(join(work, 'binary/EFI/boot'));
  await leaveOutBootImage(join(work, 'binary/sha256sum.txt'));
  await rm(written);
  await step(build, 'binary_iso');
}

/** Where the system in the making finds what it is made of, for as long as it is made. */
export const doorway = 'mnt/build';

/**
 * live-build makes an image without Debian's signed boot loaders, and says nothing, where the system has none of them.
 *
 * @throws NaniteError `no-secure-boot`
 */
async function needSecureBoot(folder: string): Promise<void> {
  // Shim, which Microsoft signed, starts the GRUB that Debian signed; without it the one here is GRUB itself, unsigned.
  const signed = ['bootx64.efi', 'grubx64.efi'].every((name) => existsSync(join(folder, name)));
  if (signed) return;
  throw new NaniteError('no-secure-boot', "Debian's signed boot loaders are not on the medium", {
    hint: 'shim-signed and grub-efi-amd64-signed belong into live-build/config/package-lists/live.list.chroot',
  });
}

async function step(build: LiveBuild, name: 'config' | 'chroot' | 'binary' | 'binary_iso'): Promise<void> {
  await succeeded(
    `lb ${name}`,
    runToEnd('lb', [name], {
      cwd: build.work,
      log: build.log,
      signal: build.signal,
      env: environment(build),
      line: (line) => {
        const stage = stageOf(line);
        if (stage !== undefined) build.progress(stage);
      },
    }),
  );
}

async function configure(build: LiveBuild): Promise<void> {
  const at = (path: string): string => join(build.work, 'config', path);
  for (const folder of ['apt', 'package-lists', 'includes.chroot_after_packages/etc/apt/sources.list.d'])
    await mkdir(at(folder), { recursive: true });
  // live-build writes the sources of the installed system, which may not be reachable from here; apt reads ours meanwhile.
  await writeFile(
    at('apt/apt.conf'),
    `Dir::Etc::SourceList "/${doorway}/sources.list";\nDir::Etc::SourceParts "/dev/null";\nAcquire::Languages "none";\n`,
  );
  await writeFile(at('apt/preferences'), build.preferences);
  if (build.packages.length > 0)
    await writeFile(at('package-lists/extra.list.chroot'), `${build.packages.join('\n')}\n`);
  if (build.sources !== '') {
    await writeFile(
      at('includes.chroot_after_packages/etc/apt/sources.list.d/nanite.sources'),
      build.sources,
    );
  }
}

const environment = ({ variant }: LiveBuild): NodeJS.ProcessEnv => ({
  // Larger blocks are 2 % smaller; much larger ones make small reads slow.
  MKSQUASHFS_OPTIONS: '-b 256K',
  NANITE_VERSION: variant.version,
  ...Object.fromEntries(Object.entries(axesOf(variant)).map(([axis, value]) => [`LB_${axis}`, value])),
});

/** The layer stands for live-build's own bootstrap: below an overlay, for it must stay as it is. */
async function useLayer({ work, layer, signal }: LiveBuild): Promise<void> {
  for (const folder of ['chroot', 'changes', 'overlay', '.build']) await mkdir(join(work, folder));
  await run(
    'mount',
    [
      ...['-t', 'overlay', 'overlay', '-o'],
      `lowerdir=${layer},upperdir=${join(work, 'changes')},workdir=${join(work, 'overlay')}`,
      join(work, 'chroot'),
    ],
    { signal },
  );
  for (const done of ['bootstrap', 'bootstrap_cache.restore', 'bootstrap_cache.save'])
    await writeFile(join(work, '.build', done), '');
}

/** Lines of live-build that say which stage begins, in a person's words. */
const stages: ReadonlyArray<readonly [RegExp, string]> = [
  [/Begin installing packages \(install pass\)/, "installing Nanite's packages"],
  [/Begin executing hooks/, 'cleaning and checking'],
  [/Begin executing hacks/, 'making the initial file system of the kernel'],
  [/Preparing squashfs image/, 'compressing the system'],
  [/Begin preparing Grub based EFI/, 'boot menus'],
  [/Begin creating binary .*sum/, 'sums for checking the medium'],
  [/Begin building binary iso/, 'writing the image'],
];
const stageOf = (line: string): string | undefined => stages.find(([pattern]) => pattern.test(line))?.[1];

async function succeeded(what: string, ended: Promise<Ended>): Promise<void> {
  const { status, output } = await ended;
  if (status === 0) return;
  const said = output.trim().split('\n');
  const errors = said.filter((line) => /^(E:|dpkg: error|Error|E: )/.test(line) || /^assert:/.test(line));
  throw new NaniteError(
    'build-failed',
    `${what} ended with ${status}:\n  ${(errors.length > 0 ? errors : said).slice(-12).join('\n  ')}`,
  );
}
