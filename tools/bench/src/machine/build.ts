import { spawnSync } from 'node:child_process';
import { NaniteError } from '@nanite/kit';
import { checkout } from '../peers/cache';

/** The last lines of what a build said. */
const ending = (said: string): string => said.trimEnd().split('\n').slice(-30).join('\n');

/** Bring what is measured up to date: an Nx target of some projects. Nothing is done where nothing changed. */
export function build(
  target: 'build' | 'deb',
  projects: readonly string[],
  progress: (message: string) => void,
): void {
  progress(`building ${projects.join(', ')}`);
  const { status, stdout, stderr } = spawnSync(
    'npx',
    ['nx', 'run-many', '-t', target, '-p', projects.join(','), '--output-style=static'],
    { cwd: checkout, encoding: 'utf8', maxBuffer: 256 * 2 ** 20 },
  );
  if (status === 0) return;
  throw new NaniteError(
    'build-failed',
    `nx run-many -t ${target} -p ${projects.join(',')} failed\n${ending(stdout + stderr)}`,
  );
}
