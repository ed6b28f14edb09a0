import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** The package.json that gives a folder its version: its own, or the nearest above that has one. */
export function versionFile(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, 'package.json');
    if (
      existsSync(path) &&
      (JSON.parse(readFileSync(path, 'utf8')) as { version?: string }).version !== undefined
    ) {
      return path;
    }
    if (at === dirname(at)) throw new Error(`no package.json with a version in ${folder} or above it`);
  }
}

export const versionOf = (packageJson: string): string =>
  (JSON.parse(readFileSync(packageJson, 'utf8')) as { version: string }).version;

/**
 * When a version began: the commit that wrote it into package.json, in seconds since 1970. The same for every later
 * commit, so that a package that did not change is built the same again.
 */
export function versionDate(packageJson: string, version: string): number {
  try {
    const dates = execFileSync(
      'git',
      [
        'log',
        '--reverse',
        '--format=%ct',
        `-S"version": "${version}"`,
        '--',
        relative(process.cwd(), packageJson),
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const first = dates.split('\n')[0];
    if (first !== undefined && first !== '') return Number(first);
  } catch {
    // Not a git checkout: a source archive.
  }
  const epoch = process.env['SOURCE_DATE_EPOCH'];
  return epoch === undefined ? Math.floor(statSync(packageJson).mtimeMs / 1000) : Number(epoch);
}
