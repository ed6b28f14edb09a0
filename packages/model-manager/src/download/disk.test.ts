import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FaultServer } from '../testing/fault-server';
import { fetchFile, type FetchOptions } from './fetch';

// Servers and processes of their own start slowly where much else runs.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const mib = 2 ** 20;

const options = (overrides: Partial<FetchOptions> = {}): FetchOptions => ({
  signal: new AbortController().signal,
  chunkBytes: mib,
  parallel: 2,
  bytesPerSecond: null,
  onProgress: () => undefined,
  firstRetryDelay: 1,
  ...overrides,
});

let folder: string;
let server: FaultServer;
const target = () => ({ part: join(folder, 'x.part'), state: join(folder, 'x.json') });

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-disk-'));
  server = await FaultServer.start(randomBytes(6 * mib));
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

describe('a full disk', () => {
  beforeEach(() => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder]);
  });
  afterEach(() => {
    execFileSync('umount', [folder]);
  });

  it('is found out at the beginning, said so, and forgiven once there is room', async () => {
    const ballast = join(folder, 'ballast');
    writeFileSync(ballast, Buffer.alloc(5 * mib));
    await expect(fetchFile(server.file(), target(), options())).rejects.toMatchObject({
      code: 'no-space',
      status: 507,
    });
    rmSync(ballast);
    expect(await fetchFile(server.file(), target(), options())).toEqual({
      sha256: server.sha256,
      size: 6 * mib,
    });
  });

  it('loses nothing that had arrived when it fills up on the way', async () => {
    const stop = new AbortController();
    const paused = options({
      signal: stop.signal,
      onProgress: (done) => done >= 3 * mib && stop.abort(new Error('paused')),
    });
    await expect(fetchFile(server.file(), target(), paused)).rejects.toThrow('paused');
    const { have } = JSON.parse(readFileSync(target().state, 'utf8')) as { have: number[] };
    const arrived = have.reduce((sum, one) => sum + one, 0);
    expect(arrived).toBeGreaterThanOrEqual(3 * mib);
    // Another program takes the rest of the disk, the place of this file's missing half included.
    const end = have.findLastIndex((one) => one > 0) + 1;
    truncateSync(target().part, end * mib);
    truncateSync(target().part, 6 * mib);
    const ballast = join(folder, 'ballast');
    const { bavail, bsize } = statfsSync(folder);
    writeFileSync(ballast, Buffer.alloc(bavail * bsize - 64 * 1024));
    await expect(fetchFile(server.file(), target(), options())).rejects.toMatchObject({ code: 'no-space' });
    rmSync(ballast);
    let first = -1;
    const again = options({ onProgress: (done) => (first = first < 0 ? done : first) });
    expect((await fetchFile(server.file(), target(), again)).sha256).toBe(server.sha256);
    expect(first).toBeGreaterThanOrEqual(arrived);
  });
});

describe('a kill', () => {
  it.each([1, 2, 3])('at a random moment costs at most one chunk (%i)', async () => {
    server.faults = { slow: 1 };
    const { part, state } = target();
    const script = fileURLToPath(new URL('../testing/fetch-program.ts', import.meta.url));
    const at = Math.random() * 5 * mib;
    let arrived = 0;
    await new Promise<void>((resolve, reject) => {
      const args = ['--import', 'tsx', script, server.url, server.sha256, part, state, String(mib)];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      let rest = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        arrived = Number(lines.at(-1) ?? arrived);
        if (arrived >= at) child.kill('SIGKILL');
      });
      child.once('error', reject).once('close', () => resolve());
    });
    expect(arrived).toBeGreaterThan(0);
    server.faults = {};
    let resumed = -1;
    const fetched = await fetchFile(
      server.file(),
      { part, state },
      options({ onProgress: (done) => (resumed = resumed < 0 ? done : resumed) }),
    );
    expect(fetched.sha256).toBe(server.sha256);
    expect(arrived - resumed).toBeLessThanOrEqual(mib);
    expect(existsSync(part)).toBe(true);
  });
});
