import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '@nanite/kit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fetchFile } from '../download/fetch';
import { Store } from '../store';
import { FaultServer } from '../testing/fault-server';
import { Fetches } from './fetches';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const mib = 2 ** 20;
let folder: string;
let server: FaultServer;
let store: Store;

const open = (limits: { quotaBytes?: number; reserveBytes?: number }): Fetches => {
  store = Store.open({
    root: join(folder, 'store'),
    packages: join(folder, 'packages'),
    quotaBytes: null,
    reserveBytes: 0,
    log: createLog(() => undefined),
    ...limits,
  });
  return new Fetches(store, fetchFile, { chunkBytes: mib, parallel: 2, bytesPerSecond: null });
};
/** A server that says neither a length nor a digest, and gives 24 MiB. */
const get = (fetches: Fetches) =>
  fetches.get(
    'from-somewhere',
    server.file({ size: null, sha256: null }),
    () => undefined,
    new AbortController().signal,
  );

describe('a file whose source does not say how long it is', () => {
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nanite-endless-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', folder]);
    server = await FaultServer.start(randomBytes(24 * mib));
    server.faults = { ignoreRange: true, noLength: true };
  });
  afterEach(async () => {
    store.close();
    await server.stop();
    execFileSync('umount', [folder]);
    rmSync(folder, { recursive: true });
  });

  it('is fetched where there is room', async () => {
    expect(await get(open({ reserveBytes: 30 * mib, quotaBytes: 30 * mib }))).toEqual({
      sha256: server.sha256,
      size: 24 * mib,
    });
  });

  it.each([
    ['the quota', { quotaBytes: 10 * mib }, 'over-quota'],
    ['the reserve of the disk', { reserveBytes: 54 * mib }, 'no-space'],
  ])('is stopped when it reaches %s, and leaves nothing', async (_, limits, code) => {
    const fetches = open(limits);
    const free = () => statfsSync(folder).bavail * statfsSync(folder).bsize;
    const before = free();
    await expect(get(fetches)).rejects.toMatchObject({ code, status: 507 });
    // It was stopped on its way, not at the end.
    expect(server.sent).toBeLessThan(20 * mib);
    expect(readdirSync(store.layout.partial)).toEqual([]);
    expect(free()).toBeGreaterThan(before - mib);
  });
});
