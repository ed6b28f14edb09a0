import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** tools/demo/progress: where `make demo` is, and how long it will take. */
const progress = resolve(import.meta.dirname, '../../tools/demo/progress');
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'nanite-progress-'))));
afterEach(() => rmSync(folder, { recursive: true }));

/** What it says first, about a second after it began. */
async function firstLine(state: string, ninja?: string): Promise<string> {
  writeFileSync(join(folder, 'state'), state);
  if (ninja !== undefined) writeFileSync(join(folder, 'ninja'), ninja);
  const child = spawn(progress, [join(folder, 'state'), join(folder, 'ninja')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  child.kill();
  await ended;
  return line.toString();
}

test('says the usual time while nothing else is known', async () => {
  expect(await firstLine('Building|600|120\n')).toBe('    Building: about 12 min left\n');
  expect(await firstLine('Asking|8|0\n')).toBe('    Asking: a few seconds left\n');
});

test('counts the files of the compiler, and what comes after them', async () => {
  // One file of a hundred is left, and takes next to nothing: the rest is the steps that follow.
  const compiler = '[98/100] Building a.o\n[99/100] Building CXX object b.o\n';
  expect(await firstLine('Building|600|600\n', compiler)).toBe(
    '    Building, file 99 of 100 of llama.cpp: about 10 min left\n',
  );
});

test('ends when the step is over', async () => {
  const child = spawn(progress, [join(folder, 'none'), join(folder, 'ninja')], { stdio: 'ignore' });
  expect(await once(child, 'close')).toEqual([0, null]);
});
