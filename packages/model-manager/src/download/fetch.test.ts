import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NaniteError } from '@nanite/kit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FaultServer } from '../testing/fault-server';
import { fetchFile, type FetchOptions } from './fetch';
import type { PartFiles } from './state';

// Servers and processes of their own start slowly where much else runs.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const mib = 2 ** 20;
const content = randomBytes(9 * mib + 12_345);

let folder: string;
let target: PartFiles;
let server: FaultServer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-fetch-'));
  target = { part: join(folder, 'x.part'), state: join(folder, 'x.json') };
  server = await FaultServer.start(content);
});

afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const options = (overrides: Partial<FetchOptions> = {}): FetchOptions => ({
  signal: new AbortController().signal,
  chunkBytes: mib,
  parallel: 3,
  bytesPerSecond: null,
  onProgress: () => undefined,
  firstRetryDelay: 1,
  ...overrides,
});

const whole = { sha256: createHash('sha256').update(content).digest('hex'), size: content.length };
const asBytes = (): Buffer => readFileSync(target.part);

/** Bytes that all requests so far asked for. */
const requested = (from = 0): number =>
  server.asked.slice(from).reduce((sum, { range }) => {
    if (range === null) return sum + content.length;
    return sum + Math.min(range[1], content.length) - range[0];
  }, 0);

describe('fetchFile', () => {
  it('fetches in ranges, each once, and hashes', async () => {
    const progress: number[] = [];
    const fetched = await fetchFile(
      server.file(),
      target,
      options({ onProgress: (done) => progress.push(done) }),
    );
    expect(fetched).toEqual(whole);
    expect(asBytes().equals(content)).toBe(true);
    expect(server.asked.length).toBe(10);
    expect(requested()).toBe(content.length);
    expect(progress.at(-1)).toBe(content.length);
    expect([...progress].sort((a, b) => a - b)).toEqual(progress);
  });

  it('learns size and digest where nobody has named them', async () => {
    const file = server.file({ size: null, sha256: null });
    expect(await fetchFile(file, target, options())).toEqual(whole);
    expect(server.asked.length).toBe(10);
  });

  it('needs no byte again when all was there', async () => {
    await fetchFile(server.file(), target, options());
    const before = server.asked.length;
    expect(await fetchFile(server.file(), target, options())).toEqual(whole);
    expect(server.asked.length).toBe(before);
  });

  it('fetches an empty file', async () => {
    server.content = Buffer.alloc(0);
    const fetched = await fetchFile(server.file(), target, options());
    expect(fetched).toEqual({ sha256: server.sha256, size: 0 });
  });

  it.each([1, 2, 3, 4, 5, 6])(
    'goes on in the chunk where the connection was cut at a random byte (%i)',
    async () => {
      const at = Math.floor(Math.random() * mib);
      let cuts = 0;
      server.faults = { cutAfter: (_, count) => (count % 3 === 1 && cuts++ < 4 ? at : -1) };
      expect(await fetchFile(server.file(), target, options())).toEqual(whole);
      expect(cuts).toBeGreaterThan(3);
      expect(server.sent - content.length).toBeLessThanOrEqual(cuts * mib);
    },
  );

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'paused at a random moment, fetches at most one chunk again (%i)',
    async () => {
      const stop = new AbortController();
      const at = Math.floor(Math.random() * content.length);
      let received = 0;
      await expect(
        fetchFile(
          server.file(),
          target,
          options({
            signal: stop.signal,
            onProgress: (done) => {
              received = done;
              if (done >= at) stop.abort(new Error('paused'));
            },
          }),
        ),
      ).rejects.toThrow('paused');
      const before = server.asked.length;
      expect(await fetchFile(server.file(), target, options())).toEqual(whole);
      expect(requested(before)).toBeLessThanOrEqual(content.length - received + mib);
      expect(asBytes().equals(content)).toBe(true);
    },
  );

  it('starts again from a state that it cannot read, or that is of another file', async () => {
    const stop = new AbortController();
    const half = options({
      signal: stop.signal,
      onProgress: (done) => done > 5 * mib && stop.abort(new Error('paused')),
    });
    await expect(fetchFile(server.file(), target, half)).rejects.toThrow('paused');
    server.content = randomBytes(content.length);
    expect((await fetchFile(server.file(), target, options())).sha256).toBe(server.sha256);
  });

  it('takes the whole file from a server that gives no ranges', async () => {
    server.faults = { ignoreRange: true };
    expect(await fetchFile(server.file(), target, options())).toEqual(whole);
    expect(server.asked.length).toBe(1);
    server.faults = { ignoreRange: true, noLength: true };
    rmSync(target.part);
    expect(await fetchFile(server.file({ size: null, sha256: null }), target, options())).toEqual(whole);
  });

  it('begins again where a server without ranges broke off', async () => {
    server.faults = { ignoreRange: true, cutAfter: (_, count) => (count < 3 ? 3 * mib : -1) };
    expect(await fetchFile(server.file(), target, options())).toEqual(whole);
    expect(server.asked.length).toBe(3);
  });

  it('takes the whole file when the server stops giving ranges on the way', async () => {
    server.faults = { answer: (_, count) => ((server.faults.ignoreRange = count > 4), null) };
    expect(await fetchFile(server.file(), target, options())).toEqual(whole);
    expect(asBytes().equals(content)).toBe(true);
  });

  it('mixes no two versions of a file whose digest nobody knows', async () => {
    const other = randomBytes(content.length);
    server.faults = {
      answer: (_, count) => {
        if (count === 5) server.content = other;
        return null;
      },
      etag: () => (server.content === other ? '"two"' : '"one"'),
    };
    const fetched = await fetchFile(server.file({ sha256: null }), target, options());
    expect(fetched.sha256).toBe(createHash('sha256').update(other).digest('hex'));
    expect(asBytes().equals(other)).toBe(true);
  });

  it('joins no ranges where neither digest nor version is known', async () => {
    server.faults = { etag: () => null };
    expect(await fetchFile(server.file({ sha256: null }), target, options())).toEqual(whole);
    expect(server.asked.map(({ range }) => range)).toEqual([[0, mib], null]);
    expect(existsSync(target.state)).toBe(false);
  });

  it('gives up on a file that never stays the same', async () => {
    server.faults = { etag: (count) => `"${count}"` };
    await expect(fetchFile(server.file({ sha256: null }), target, options())).rejects.toMatchObject({
      code: 'source-changes',
    });
    expect(existsSync(target.part)).toBe(false);
  });

  it('refuses what does not have its digest, names both, and keeps nothing of it', async () => {
    server.faults = { flip: 7 * mib };
    const refusal = await fetchFile(server.file(), target, options()).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(NaniteError);
    expect(refusal).toMatchObject({ code: 'digest-mismatch', status: 422 });
    const flipped = Buffer.from(content);
    flipped.writeUInt8(flipped.readUInt8(7 * mib) ^ 1, 7 * mib);
    expect(String(refusal)).toContain(whole.sha256);
    expect(String(refusal)).toContain(createHash('sha256').update(flipped).digest('hex'));
    expect(existsSync(target.part)).toBe(false);
    expect(existsSync(target.state)).toBe(false);
  });

  it('refuses a file of another size before it fetches it', async () => {
    const file = server.file({ size: content.length + 1 });
    await expect(fetchFile(file, target, options())).rejects.toMatchObject({ code: 'size-mismatch' });
  });

  it('asks for a new URL when the one it had expires on the way', async () => {
    let located = 0;
    let served = 0;
    server.faults = {
      answer: ({ path }) => (path !== `/v${located}` || ++served % 4 === 0 ? { status: 403 } : null),
    };
    const file = server.file({
      locate: () => {
        located += 1;
        return Promise.resolve({ url: `${server.url}/v${located}`, headers: {}, insecure: true });
      },
    });
    expect(await fetchFile(file, target, options({ parallel: 2 }))).toEqual(whole);
    expect(located).toBeGreaterThan(2);
  });

  it('says so when a new URL is refused as well', async () => {
    server.faults = { answer: () => ({ status: 403 }) };
    await expect(fetchFile(server.file(), target, options())).rejects.toMatchObject({
      code: 'source-refused',
      message: expect.stringContaining('403') as string,
    });
    expect(server.asked.length).toBe(2);
  });

  it('waits as long as Retry-After asks, and tries again', async () => {
    const times: number[] = [];
    server.faults = {
      answer: (_, count) => {
        times.push(performance.now());
        return count === 1 ? { status: 503, headers: { 'retry-after': '1' } } : null;
      },
    };
    expect(await fetchFile(server.file(), target, options())).toEqual(whole);
    // Not a timing of ours: less would mean that the header was not read.
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(990);
  });

  it('gives up when nothing arrives any more, and keeps what did', async () => {
    server.faults = { answer: (_, count) => (count > 4 ? { status: 500 } : null) };
    await expect(fetchFile(server.file(), target, options())).rejects.toMatchObject({
      code: 'source-unreachable',
    });
    const before = server.asked.length;
    server.faults = {};
    expect(await fetchFile(server.file(), target, options())).toEqual(whole);
    expect(requested(before)).toBeLessThanOrEqual(content.length - 3 * mib);
  });

  it('follows a redirect once, keeps to where it led, and takes no credentials along', async () => {
    const first = await FaultServer.start(content);
    try {
      const other = `http://localhost:${server.port}/signed`;
      first.faults = { answer: () => ({ status: 307, headers: { location: other } }) };
      const file = server.file({
        locate: () =>
          Promise.resolve({
            url: `${first.url}/model.gguf`,
            headers: { authorization: 'Bearer secret' },
            insecure: true,
          }),
      });
      expect(await fetchFile(file, target, options())).toEqual(whole);
      expect(first.asked.length).toBe(1);
      // The control: where the header is meant to go, it goes.
      expect(first.asked[0]?.headers.authorization).toBe('Bearer secret');
      expect(server.asked.length).toBe(10);
      expect(server.asked.map(({ headers }) => headers.authorization)).toEqual(Array(10).fill(undefined));
    } finally {
      await first.stop();
    }
  });

  it('keeps to the bandwidth that it may use, together with the others', async () => {
    server.content = content.subarray(0, 2 * mib);
    const begin = performance.now();
    const limited = options({ bytesPerSecond: 4 * mib });
    const other = { part: join(folder, 'y.part'), state: join(folder, 'y.json') };
    await Promise.all([fetchFile(server.file(), target, limited), fetchFile(server.file(), other, limited)]);
    // Faster is what must not be; each by itself would take half of it.
    expect(performance.now() - begin).toBeGreaterThan(800);
  });
});
