import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const checkout = resolve(import.meta.dirname, '../..');
const again = 'reproducible-test';
const digests = (project: string): Record<string, string> => {
  const folder = join(checkout, 'dist/debs', project);
  return Object.fromEntries(
    readdirSync(folder)
      .filter((name) => name.endsWith('.deb'))
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex'),
      ]),
  );
};
afterAll(() => rmSync(join(checkout, 'dist/debs', again), { recursive: true, force: true }));

test.each([
  ['nanite-gateway', 'packages/gateway'],
  ['nanite-cli', 'apps/cli'],
])('two builds of %s give the same bytes', (project, folder) => {
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { cwd: checkout, stdio: 'pipe' });
  run('npx', 'nx', 'run', `${project}:deb`);
  run('npx', 'nx', 'run', `${project}:build`, '--skip-nx-cache');
  run('node', '--import', 'tsx', 'tools/nx-debian/src/main.ts', 'deb', folder, again);
  const first = digests(project);
  expect(Object.keys(first).length).toBeGreaterThan(0);
  expect(digests(again)).toEqual(first);
});
