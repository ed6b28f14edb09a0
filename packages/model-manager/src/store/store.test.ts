import { createHash, randomBytes } from 'node:crypto';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModelManifest } from '@nanite/contracts';
import { createLog } from '@nanite/kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Store, checkBlob, relink, withdraw } from '.';
import { aManifest, aRecord } from './__fixtures__/model';

const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
let folder: string;
let lines: string[];
let store: Store;

const open = (limits: { quotaBytes?: number | null; reserveBytes?: number } = {}) =>
  Store.open({
    root: join(folder, 'store'),
    packages: join(folder, 'packages'),
    quotaBytes: null,
    reserveBytes: 0,
    log: createLog((line) => lines.push(line)),
    ...limits,
  });

/** A blob of random bytes. */
const blob = async (size = 4096): Promise<{ sha256: string; size: number; bytes: Buffer }> => {
  const bytes = randomBytes(size);
  const path = join(folder, 'source');
  writeFileSync(path, bytes);
  const { sha256 } = await store.blobs.take(path, null);
  return { sha256, size, bytes };
};
const put = (name: string, file: { sha256: string; size: number }, change: Partial<ModelManifest> = {}) =>
  store.put(aManifest(store.idFor(name), name, [file], change), aRecord());

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-store-'));
  lines = [];
  store = open();
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

describe('a model', () => {
  it('is a folder whose files are links of blobs', async () => {
    const file = await blob();
    const model = put('tiny:1', file);
    expect(readFileSync(join(model.path, 'model.gguf'))).toEqual(file.bytes);
    expect(statSync(join(model.path, 'model.gguf')).ino).toBe(statSync(store.blobs.path(file.sha256)).ino);
    expect(statSync(join(model.path, 'model.gguf')).mode & 0o777).toBe(0o444);
    expect(store.list().map((each) => each.manifest.name)).toEqual(['tiny:1']);
  });

  it('is found by its name, its name without the only tag, and its id, in any case', async () => {
    put('Tiny:1', await blob());
    for (const name of ['tiny:1', 'TINY', 'tiny-1']) expect(store.find(name).manifest.name).toBe('Tiny:1');
    expect(() => store.find('tinny:1')).toThrowError(expect.objectContaining({ code: 'model-not-found' }));
  });

  it('that is replaced frees what only the old one had', async () => {
    const [old, next] = [await blob(), await blob()];
    put('tiny:1', old);
    put('tiny:1', next);
    expect(store.blobs.has(old.sha256)).toBe(false);
    expect(store.list()).toHaveLength(1);
    expect(store.find('tiny:1').manifest.files[0]?.sha256).toBe(next.sha256);
  });

  it('whose blob is not there is refused, and leaves nothing', () => {
    expect(() => put('tiny:1', { sha256: 'a'.repeat(64), size: 1 })).toThrowError(/no blob/);
    expect(readdirSync(join(folder, 'store')).sort()).toEqual(['.lock', 'blobs', 'partial']);
  });

  it('gets a folder of its own although another name would have the same', async () => {
    const file = await blob();
    const [a, b] = [put('org/tiny:1', file), put('org-tiny:1', file)];
    expect(a.manifest.id).toBe('org-tiny-1');
    expect(b.manifest.id).toMatch(/^org-tiny-1-[0-9a-f]{8}$/);
    // And keeps it.
    expect(put('org-tiny:1', file).manifest.id).toBe(b.manifest.id);
  });

  it('from a package is listed in its place, cannot be removed, and comes after the store in a search', async () => {
    const path = join(folder, 'packages', 'packed');
    mkdirSync(path, { recursive: true });
    const bytes = Buffer.from('packed');
    writeFileSync(join(path, 'model.gguf'), bytes);
    const packed = aManifest('packed', 'packed:1', [{ sha256: sha(bytes), size: bytes.length }]);
    writeFileSync(join(path, 'manifest.json'), JSON.stringify(packed));
    expect(store.list()).toMatchObject([{ origin: 'package', path, missing: [] }]);
    expect(() => store.remove(store.find('packed:1'))).toThrowError(
      expect.objectContaining({ code: 'from-package' }),
    );
    put('packed:1', await blob());
    expect(store.find('packed:1').origin).toBe('store');
    expect(store.list()).toHaveLength(2);
  });
});

describe('what is listed', () => {
  it('is what is on the disk, also when somebody else changed it', async () => {
    const model = put('tiny:1', await blob());
    store.list();
    writeFileSync(
      join(model.path, 'manifest.json'),
      JSON.stringify({ ...model.manifest, description: 'changed' }),
    );
    expect(store.find('tiny:1').manifest.description).toBe('changed');
    rmSync(join(model.path, 'model.gguf'));
    expect(store.find('tiny:1').missing).toEqual(['model.gguf']);
    rmSync(model.path, { recursive: true });
    expect(store.list()).toEqual([]);
  });

  it('leaves out a folder that holds no readable model, and says so once', async () => {
    put('tiny:1', await blob());
    mkdirSync(join(folder, 'store', 'broken'));
    writeFileSync(join(folder, 'store', 'broken', 'manifest.json'), '{');
    expect(store.list()).toHaveLength(1);
    expect(store.list()).toHaveLength(1);
    expect(lines.filter((line) => line.includes('broken'))).toHaveLength(1);
  });
});

describe('removing', () => {
  it('frees the blobs that no other model has, and only those', async () => {
    const [shared, own] = [await blob(1000), await blob(2000)];
    put('a:1', shared);
    const both = aManifest('b-1', 'b:1', [shared, { ...own, path: 'own.gguf' }]);
    store.put(both, aRecord());
    expect(store.usage().models.map((model) => model.ownBytes)).toEqual([0, 2000]);
    expect(store.remove(store.find('b:1'))).toBe(2000);
    expect(store.blobs.list()).toEqual([shared.sha256]);
  });

  it('is refused for a pinned model', async () => {
    const model = put('a:1', await blob());
    const pinned = store.setRecord(model, { pinned: true });
    expect(() => store.remove(pinned)).toThrowError(expect.objectContaining({ code: 'model-pinned' }));
    expect(store.remove(store.setRecord(pinned, { pinned: false }))).toBeGreaterThan(0);
  });

  it('never collects what a job holds, or what an unreadable model links', async () => {
    const [held, hidden, loose] = [await blob(), await blob(), await blob()];
    const model = put('a:1', hidden);
    writeFileSync(join(model.path, 'manifest.json'), '{ "schema": 2 }');
    const release = store.hold([held.sha256]);
    expect(store.collectGarbage(new Set())).toMatchObject({ blobs: 1 });
    expect(store.blobs.list().sort()).toEqual([held.sha256, hidden.sha256].sort());
    expect(store.blobs.has(loose.sha256)).toBe(false);
    release();
    expect(store.collectGarbage(new Set())).toMatchObject({ blobs: 1 });
  });
});

describe('an update', () => {
  it('is staged beside the current one, switched to, and back', async () => {
    const [old, next] = [await blob(), await blob()];
    const current = put('a:1', old);
    const id = current.manifest.id;
    const digest = () => store.find('a:1').manifest.files[0]?.sha256;
    // One that was staged and never taken leaves nothing.
    const never = await blob();
    store.stage(aManifest(id, 'a:1', [never]), aRecord());
    store.stage(aManifest(id, 'a:1', [next]), aRecord());
    expect(store.blobs.has(never.sha256)).toBe(false);
    expect(digest()).toBe(old.sha256);
    expect(store.list()).toHaveLength(1);
    store.collectGarbage(new Set());
    store.switchToStaged(id);
    expect(digest()).toBe(next.sha256);
    expect(store.stagedOf(id)).toBeNull();
    store.collectGarbage(new Set());
    store.switchBack(id);
    expect(digest()).toBe(old.sha256);
    store.switchBack(id);
    expect(digest()).toBe(next.sha256);
    store.remove(store.find('a:1'));
    expect(store.blobs.list()).toEqual([]);
  });
});

describe('a blob that changed on the disk', () => {
  it('is found, withdrawn from the models that have it, and linked again when it is back', async () => {
    const file = await blob();
    const model = put('a:1', file);
    const path = store.blobs.path(file.sha256);
    expect(await checkBlob(store.blobs, file, AbortSignal.timeout(5000), () => {})).toBeNull();
    execFileSync('chmod', ['u+w', path]);
    const bent = Buffer.from(file.bytes);
    bent[7]! ^= 1;
    writeFileSync(path, bent);
    expect(await checkBlob(store.blobs, file, AbortSignal.timeout(5000), () => {})).toBe('wrong-hash');
    withdraw(store.layout, store.blobs, file.sha256);
    expect(store.find('a:1').missing).toEqual(['model.gguf']);
    expect(store.blobs.has(file.sha256)).toBe(false);
    writeFileSync(join(folder, 'source'), file.bytes);
    await store.blobs.take(join(folder, 'source'), file.sha256);
    relink(store.layout, store.blobs, file.sha256);
    expect(store.find('a:1').missing).toEqual([]);
    expect(readFileSync(join(model.path, 'model.gguf'))).toEqual(file.bytes);
  });

  it('taken from elsewhere with another digest than promised is refused', async () => {
    writeFileSync(join(folder, 'source'), 'x');
    await expect(store.blobs.take(join(folder, 'source'), 'b'.repeat(64))).rejects.toMatchObject({
      code: 'digest-mismatch',
    });
    expect(readdirSync(store.layout.partial)).toEqual([]);
    expect(store.blobs.list()).toEqual([]);
  });
});

describe('one writer', () => {
  it('keeps others out until it ends', () => {
    expect(() => open()).toThrowError(expect.objectContaining({ code: 'store-locked' }));
    store.close();
    store = open();
  });

  it('that was killed leaves drafts, which the next one removes', async () => {
    put('a:1', await blob());
    for (const name of ['.new-x', '.gone-y']) mkdirSync(join(folder, 'store', name));
    writeFileSync(join(folder, 'store', 'partial', 'take-z'), '');
    store.close();
    store = open();
    expect(readdirSync(join(folder, 'store')).sort()).toEqual(['.lock', 'a-1', 'blobs', 'partial']);
    expect(readdirSync(store.layout.partial)).toEqual([]);
  });
});

describe('room', () => {
  it('is refused beyond the quota, with promises counted', async () => {
    await blob(64 * 1024);
    store.close();
    store = open({ quotaBytes: 1024 * 1024 });
    const first = store.space.reserve(600 * 1024);
    expect(() => store.space.reserve(600 * 1024)).toThrowError(
      expect.objectContaining({ code: 'over-quota' }),
    );
    first.release();
    store.space.reserve(600 * 1024).release();
  });

  it('is refused beyond what the disk has, less what stays free', () => {
    const free = store.space.freeBytes();
    expect(() => store.space.reserve(free * 2)).toThrowError(expect.objectContaining({ code: 'no-space' }));
    store.close();
    store = open({ reserveBytes: free });
    expect(() => store.space.reserve(free / 2)).toThrowError(expect.objectContaining({ code: 'no-space' }));
  });
});

it('refuses to be opened twice from another process too', () => {
  const script = `
    import { lockStore } from ${JSON.stringify(join(import.meta.dirname, 'lock.ts'))};
    try { lockStore(process.argv[1]); console.log('open'); } catch (error) { console.log(error.code); }`;
  const tsx = ['--import', 'tsx', '--input-type=module', '-e', script, store.layout.lock];
  const run = () => spawnSync(process.execPath, tsx, { encoding: 'utf8' }).stdout.trim();
  expect(run()).toBe('store-locked');
  store.close();
  expect(run()).toBe('open');
  store = open();
  expect(existsSync(store.layout.lock)).toBe(true);
});
