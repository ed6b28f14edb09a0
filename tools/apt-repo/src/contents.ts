import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { NaniteError } from '@nanite/kit';
import { run } from './command';
import { parseParagraphs } from './deb822';
import { hashFile } from './files';
import { parseRelease } from './release';

/** What everyone gets, and what is tried out before. */
export const suites = ['stable', 'testing'] as const;
export type Suite = (typeof suites)[number];

/** Debian's archive areas: the part of a package's Section before the slash, `main` where it has none. */
export const components = ['main', 'contrib', 'non-free'] as const;
export type Component = (typeof components)[number];

/** One .deb. */
export interface Package {
  name: string;
  version: string;
  architecture: string;
  component: Component;
  /** Bytes. */
  size: number;
  sha256: string;
  /** Where it lies now. */
  file: string;
}

/** Which packages each suite offers. */
export type Contents = Record<Suite, Package[]>;

export const identity = (one: Package): string => `${one.name} ${one.version} ${one.architecture}`;

export function componentOf(section: string): Component {
  const area = section.includes('/') ? section.split('/')[0]! : 'main';
  const component = components.find((known) => known === area);
  if (component === undefined) {
    throw new NaniteError('unknown-component', `Section '${section}' is of no archive area that we publish`, {
      hint: `the areas are ${components.join(', ')}`,
    });
  }
  return component;
}

/**
 * Read a .deb wholly: its fields, and whether it can be unpacked.
 * @throws NaniteError `bad-deb`
 */
export async function readDeb(file: string): Promise<Package> {
  try {
    const format = '${Package}\\n${Version}\\n${Architecture}\\n${Section}';
    const fields = await run('dpkg-deb', ['--show', `--showformat=${format}`, file]);
    const [name = '', version = '', architecture = '', section = ''] = fields.split('\n');
    await run('dpkg-deb', ['--contents', file], { discardOutput: true });
    return {
      name,
      version,
      architecture,
      component: componentOf(section),
      size: statSync(file).size,
      sha256: await hashFile(file),
      file,
    };
  } catch (cause) {
    if (cause instanceof NaniteError && cause.code === 'unknown-component') throw cause;
    throw new NaniteError('bad-deb', `${file} is not a whole Debian package`, {
      hint: 'build it again',
      cause,
    });
  }
}

/** What a published tree offers; nothing where there is none. */
export function readContents(tree: string): Contents {
  const contents: Contents = { stable: [], testing: [] };
  for (const suite of suites) {
    const folder = join(tree, 'dists', suite);
    if (!existsSync(join(folder, 'Release'))) continue;
    const release = parseRelease(readFileSync(join(folder, 'Release'), 'utf8'));
    const seen = new Map<string, Package>();
    for (const index of release.files.keys()) {
      if (basename(index) !== 'Packages') continue;
      for (const fields of parseParagraphs(readFileSync(join(folder, index), 'utf8'))) {
        const file = fields.get('Filename') ?? '';
        seen.set(file, {
          name: fields.get('Package') ?? '',
          version: fields.get('Version') ?? '',
          architecture: fields.get('Architecture') ?? '',
          component: componentOf(fields.get('Section') ?? ''),
          size: Number(fields.get('Size')),
          sha256: fields.get('SHA256') ?? '',
          file: join(tree, file),
        });
      }
    }
    contents[suite] = [...seen.values()];
  }
  return contents;
}

/** Order of two versions as dpkg defines it (deb-version(7)). */
export function compareVersions(a: string, b: string): number {
  if (a === b) return 0;
  const is = (relation: string): boolean => {
    try {
      execFileSync('dpkg', ['--compare-versions', a, relation, b]);
      return true;
    } catch {
      return false;
    }
  };
  return is('lt') ? -1 : is('gt') ? 1 : 0;
}

/** The newest `keep` versions of each package. */
export function newest(packages: readonly Package[], keep: number): Package[] {
  const groups = new Map<string, Package[]>();
  for (const one of packages) {
    const key = `${one.name} ${one.architecture}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].flatMap((group) =>
    group.length <= keep
      ? group
      : [...group].sort((a, b) => compareVersions(b.version, a.version)).slice(0, keep),
  );
}

/**
 * Add packages to a suite.
 *
 * A name and version means one content, everywhere and for ever: machines that have it would not notice another.
 * `replace` is for repositories that are rebuilt in place, such as `make repo` while developing: the new content then
 * stands in every suite that has the version.
 *
 * @throws NaniteError `version-taken`
 */
export function addPackages(
  contents: Contents,
  suite: Suite,
  added: readonly Package[],
  options: { replace: boolean; keep: number },
): Contents {
  const next: Contents = { stable: [...contents.stable], testing: [...contents.testing] };
  for (const one of added) {
    for (const in_ of suites) {
      const at = next[in_].findIndex((other) => identity(other) === identity(one));
      if (at < 0) continue;
      if (next[in_][at]!.sha256 === one.sha256) continue;
      if (!options.replace) {
        throw new NaniteError(
          'version-taken',
          `${identity(one)} is in ${in_} already, with another content (there ${next[in_][at]!.sha256}, here ${one.sha256})`,
          { hint: 'raise its version (npx changeset, npx changeset version), or publish with --replace' },
        );
      }
      next[in_][at] = one;
    }
    if (!next[suite].some((other) => identity(other) === identity(one))) next[suite].push(one);
  }
  next[suite] = newest(next[suite], options.keep);
  return next;
}
