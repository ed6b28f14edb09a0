import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const checkout = resolve(import.meta.dirname, '../..');
const nx = (...args: string[]) =>
  execFileSync('npx', ['nx', ...args], { cwd: checkout, encoding: 'utf8', stdio: 'pipe' });
const built = join(checkout, 'dist/debs/nanite-generated-test/nanite-generated-test_0.1.0_all.deb');

const remove = () => {
  for (const path of ['packages/generated-test', 'dist/debs/nanite-generated-test']) {
    rmSync(join(checkout, path), { recursive: true, force: true });
  }
};
beforeAll(remove);
afterAll(remove);

test('one command makes a package that builds, tests, lints and installs', () => {
  nx('g', './tools/nx-debian:package', 'generated-test', '--summary', 'Prove that the generator works');
  execFileSync('npx', ['vitest', 'run', 'packages/generated-test'], { cwd: checkout, stdio: 'pipe' });
  nx('run', 'nanite-generated-test:lintian');
  expect(existsSync(built)).toBe(true);
  expect(nx('run', 'nanite-generated-test:install-test')).toContain('nothing left behind');
});

test('a second package of that name is refused', () => {
  expect(() => nx('g', './tools/nx-debian:package', 'kit')).toThrow(/packages\/kit exists already/);
});
