import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

/** What a change makes Nx build anew: all that it is in, by imports, by Depends and by inputs, and nothing else. */
const checkout = resolve(import.meta.dirname, '../..');

function affectedBy(file: string): string[] {
  const options = ['--affected', `--files=${file}`, '--with-target', 'deb', '--json'];
  const output = execFileSync('npx', ['nx', 'show', 'projects', ...options], {
    cwd: checkout,
    encoding: 'utf8',
    env: { ...process.env, NX_DAEMON: 'false' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return (JSON.parse(output) as string[]).sort();
}

test('a change of kit is one of all that bundle it, and of what depends on these', () => {
  expect(affectedBy('packages/kit/src/listen.ts')).toEqual([
    'nanite-cli',
    'nanite-desktop',
    'nanite-engine',
    'nanite-gateway',
    'nanite-gpu-detect',
    'nanite-live',
    'nanite-model-catalog',
    'nanite-models',
    'nanite-rag',
    'nanite-selfcheck',
    'nanite-server',
  ]);
});

test('a patch of llama.cpp is one of its packages, and of what depends on them', () => {
  const affected = affectedBy('packages/llama/patches/0001-some.patch');
  expect(affected).toEqual(expect.arrayContaining(['nanite-llama', 'nanite-llama-vulkan', 'nanite-server']));
  for (const name of ['nanite-cli', 'nanite-gateway', 'nanite-gpu-detect'])
    expect(affected).not.toContain(name);
  expect(affected.filter((name) => name.startsWith('nanite-model-'))).toEqual([]);
});

test('a change of the builder of packages is one of every package', () => {
  const affected = affectedBy('tools/nx-debian/src/build-deb.ts');
  expect(affected).toEqual(
    expect.arrayContaining([
      'nanite-cli',
      'nanite-llama',
      'nanite-model-smollm2-135m-instruct',
      'nanite-server',
    ]),
  );
});

test('a change of the documentation is one of no package', () => {
  expect(affectedBy('docs/api.md')).toEqual([]);
});
