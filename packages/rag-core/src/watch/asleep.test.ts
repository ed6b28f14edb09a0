import { spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fallAsleep, wakeUp, type Followed } from './asleep';

/** bin/watch with a systemctl of its own, which notes that it was called. */
let folder: string;
let state: string;
let docs: string;
let program: string;
let woken: string;
const children: Array<ReturnType<typeof spawn>> = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-watch-'));
  state = join(folder, 'state');
  docs = join(folder, 'home', 'docs');
  woken = join(folder, 'woken');
  mkdirSync(state);
  mkdirSync(join(docs, 'sub'), { recursive: true });
  writeFileSync(join(docs, 'a.txt'), 'heron');
  const systemctl = join(folder, 'systemctl');
  writeFileSync(systemctl, `#!/bin/sh\necho "$*" >${woken}\n`, { mode: 0o755 });
  program = join(folder, 'watch');
  const source = readFileSync(resolve(import.meta.dirname, '../../bin/watch'), 'utf8');
  writeFileSync(program, source.replace('/usr/bin/systemctl', systemctl), { mode: 0o755 });
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const followed = (more: Partial<Followed> = {}): Followed => ({
  folders: [docs, join(docs, 'sub')].map((path) => Buffer.from(path)),
  roots: [{ path: Buffer.from(docs), parent: Buffer.from(join(folder, 'home')), there: true }],
  hidden: false,
  ...more,
});
/** What was there before counts as seen. */
const later = (): number => Date.now() + 2_000;

async function asleep(
  more: Partial<Followed> = {},
  since = later(),
  retrySeconds = 0,
): Promise<{ ended: Promise<number | null>; said: () => string }> {
  fallAsleep(state, followed(more), since, retrySeconds);
  const child = spawn('perl', [program, state], { stdio: ['ignore', 'ignore', 'pipe'] });
  children.push(child);
  let said = '';
  child.stderr.on('data', (part) => (said += String(part)));
  const ended = new Promise<number | null>((done) => child.once('close', done));
  // It watches once its descriptor has a watch for each folder.
  const watches = () =>
    child.exitCode !== null ||
    (readFileSync(`/proc/${child.pid}/fdinfo/3`, 'utf8').match(/^inotify/gm)?.length ?? 0) >= 4;
  for (;;) {
    try {
      if (watches()) break;
    } catch {
      // It is not yet open, or the process is gone.
      if (child.exitCode !== null) break;
    }
    await new Promise((done) => setTimeout(done, 10));
  }
  return { ended, said: () => said };
}
const settle = () => new Promise((done) => setTimeout(done, 300));

describe('whoever keeps watch while the service rests', { timeout: 60_000 }, () => {
  it.each<[string, () => void]>([
    ['a new file', () => writeFileSync(join(docs, 'sub', 'new.txt'), 'x')],
    ['a changed file', () => appendFileSync(join(docs, 'a.txt'), 'x')],
    ['a renamed file', () => renameSync(join(docs, 'a.txt'), join(docs, 'b.txt'))],
    ['a file that is closed', () => chmodSync(join(docs, 'a.txt'), 0)],
    ['a deleted file', () => rmSync(join(docs, 'a.txt'))],
    ['a deleted folder', () => rmSync(join(docs, 'sub'), { recursive: true })],
    ['the folder itself, renamed', () => renameSync(docs, `${docs}.old`)],
    ['a .gitignore', () => writeFileSync(join(docs, '.gitignore'), 'x')],
    ['a name with a line break', () => writeFileSync(join(docs, 'a\nb.txt'), 'x')],
  ])('starts it for %s', async (_, change) => {
    const { ended, said } = await asleep();
    await settle();
    expect(existsSync(woken)).toBe(false);
    change();
    expect([await ended, said()]).toEqual([0, '']);
    expect(readFileSync(woken, 'utf8')).toBe('--user --no-block start nanite-rag.service\n');
  });

  it('sleeps through what does not count, and ends without a word when the service starts', async () => {
    const { ended } = await asleep();
    writeFileSync(join(docs, '.a.txt.swp'), 'x');
    writeFileSync(join(folder, 'home', '.history'), 'x');
    writeFileSync(join(folder, 'home', 'other.txt'), 'x');
    await settle();
    expect(existsSync(woken)).toBe(false);
    expect(wakeUp(state)).toEqual({ rested: true, unwatched: false });
    expect(await ended).toBe(0);
    expect(existsSync(woken)).toBe(false);
    expect(wakeUp(state)).toEqual({ rested: false, unwatched: false });
  });

  it('heeds hidden files where a collection has some', async () => {
    const { ended } = await asleep({ hidden: true });
    writeFileSync(join(docs, '.notes'), 'x');
    expect(await ended).toBe(0);
    expect(existsSync(woken)).toBe(true);
  });

  it('finds what changed before it watched, and a root that came', async () => {
    const before = Date.now() - 1_000;
    appendFileSync(join(docs, 'a.txt'), 'x');
    await (
      await asleep({}, before)
    ).ended;
    expect(existsSync(woken)).toBe(true);
    rmSync(woken);
    const path = Buffer.from(join(folder, 'home', 'later'));
    const roots = [{ path, parent: Buffer.from(join(folder, 'home')), there: false }];
    fallAsleep(state, followed({ roots }), later(), 0);
    mkdirSync(path);
    await (
      await asleep({ roots })
    ).ended;
    expect(existsSync(woken)).toBe(true);
  });

  it('does not take a file for new because its content is', async () => {
    utimesSync(join(docs, 'a.txt'), new Date(), new Date('2100-01-01'));
    await asleep();
    await settle();
    expect(existsSync(woken)).toBe(false);
  });

  it('starts the service after a while where vectors are still wanted', async () => {
    const { ended } = await asleep({}, later(), 1);
    expect(await ended).toBe(0);
    expect(existsSync(woken)).toBe(true);
  });

  it('starts it where a folder has gone since', async () => {
    const { ended } = await asleep({ folders: [Buffer.from(join(docs, 'gone'))] });
    expect(await ended).toBe(0);
    expect(existsSync(woken)).toBe(true);
    expect(wakeUp(state).unwatched).toBe(false);
  });

  it('says so where the kernel gives it no watches, and the service then stays', async () => {
    // No processor that anybody knows.
    writeFileSync(program, readFileSync(program, 'utf8').replace('/usr/bin/uname -m', '/usr/bin/uname -n'));
    const { ended, said } = await asleep();
    expect(await ended).toBe(0);
    expect(said()).toContain('no way is known to watch folders');
    expect(wakeUp(state)).toEqual({ rested: true, unwatched: true });
  });
});
