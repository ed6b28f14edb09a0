import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Watcher } from '.';

let root: string;
let watcher: Watcher;
let told: string[];
let wake: () => void;
const owner = {};
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nanite-watch-'));
  told = [];
  watcher = new Watcher({
    changed(folders) {
      told.push(...folders.map(String));
      wake?.();
    },
  });
});
afterEach(() => {
  watcher.close();
  rmSync(root, { recursive: true, force: true });
});

/** Do it, and wait until the watcher tells; the folders it names. */
const after = async (change: () => void): Promise<string[]> => {
  told = [];
  const heard = new Promise<void>((resolve) => (wake = resolve));
  change();
  await heard;
  return [...new Set(told)].sort();
};

test.each<[string, (file: string) => void]>([
  ['written', (file) => writeFileSync(file, 'b')],
  ['renamed', (file) => renameSync(file, `${file}2`)],
  ['closed to its reader', (file) => chmodSync(file, 0)],
  ['deleted', (file) => unlinkSync(file)],
  ['joined by another', (file) => writeFileSync(`${file}3`, '')],
])('tells that a file was %s', async (_, change) => {
  const file = join(root, 'a');
  writeFileSync(file, 'a');
  watcher.add(Buffer.from(root), owner);
  expect(await after(() => change(file))).toEqual([root]);
});

test('tells of a folder itself when its mode changes', async () => {
  const inner = join(root, 'inner');
  mkdirSync(inner);
  watcher.add(Buffer.from(root), owner);
  watcher.add(Buffer.from(inner), owner);
  expect(await after(() => chmodSync(inner, 0o700))).toContain(inner);
});

test('hears no more of what was removed', async () => {
  const inner = join(root, 'inner');
  mkdirSync(inner);
  watcher.add(Buffer.from(root), owner);
  watcher.add(Buffer.from(inner), owner);
  watcher.remove(Buffer.from(inner), owner);
  expect(watcher.folders).toBe(1);
  writeFileSync(join(inner, 'silent'), '');
  expect(await after(() => writeFileSync(join(root, 'loud'), ''))).toEqual([root]);
});

test('a folder that is gone is not watched, and that is no degradation', () => {
  expect(watcher.add(Buffer.from(join(root, 'nothing')), owner)).toBe(false);
  expect(watcher.degraded).toBeNull();
});

test('watches on for one owner when another is done', async () => {
  watcher.add(Buffer.from(root), owner);
  watcher.add(Buffer.from(root), watcher);
  watcher.release(watcher);
  expect(await after(() => writeFileSync(join(root, 'a'), ''))).toEqual([root]);
  watcher.release(owner);
  expect(watcher.folders).toBe(0);
});
