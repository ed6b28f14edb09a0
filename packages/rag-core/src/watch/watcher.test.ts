import { execFileSync } from 'node:child_process';
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

test('a folder that is gone is not watched, and that is not a degradation', () => {
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

test('says so when the kernel gives no more watches, and no longer when there is room again', () => {
  const folders = Array.from({ length: 12 }, (_, at) => join(root, String(at)));
  folders.forEach((folder) => mkdirSync(folder));
  const program = join(root, 'program.ts');
  writeFileSync(
    program,
    `import { Watcher } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
     const watcher = new Watcher({ changed() {} });
     const owner = {};
     const added = ${JSON.stringify(folders)}.map((folder) => watcher.add(Buffer.from(folder), owner));
     const { degraded } = watcher;
     watcher.release(owner);
     console.log(JSON.stringify({ added: added.filter(Boolean).length, degraded, after: watcher.degraded }));
     watcher.close();`,
  );
  const run = (limit: string) =>
    JSON.parse(
      // A user namespace has a limit of its own, below that of the machine.
      execFileSync(
        'unshare',
        [
          ...['--user', '--map-root-user', 'sh', '-c'],
          `echo ${limit} >/proc/sys/user/max_inotify_watches && exec "$@"`,
          ...['sh', process.execPath, '--import', import.meta.resolve('tsx'), program],
        ],
        { encoding: 'utf8' },
      ),
    ) as unknown;
  expect(run('5')).toEqual({ added: 5, degraded: expect.stringContaining('max_user_watches'), after: null });
  expect(run('1000')).toEqual({ added: 12, degraded: null, after: null });
});
