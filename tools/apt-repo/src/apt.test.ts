import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { run } from './command';
import { filesBelow } from './files';
import { signingKey, clearSign, detachSign } from './key';
import { serveFolder } from './serve';
import { complaints } from './testing/apt';
import { World } from './testing/world';

const daysAgo = (days: number): Date => new Date(Date.now() - days * 86_400_000);

// Many runs of apt and gpg on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let world: World;
beforeEach(async () => {
  world = new World();
  await world.deb('nanite-test', '1.0');
});
afterEach(() => world.remove());

/** The repository as a client of each kind sees it: the folder itself, and over HTTP. */
const ways = [
  { way: 'file', at: () => Promise.resolve({ uri: `file://${world.tree}`, close: () => undefined }) },
  {
    way: 'http',
    at: async () => {
      const { server, uri } = await serveFolder(world.tree);
      return { uri, close: () => void server.close() };
    },
  },
] as const;

describe.each(ways)('apt over $way', ({ at }) => {
  it('takes the repository without a word of complaint, and the newest version from it', async () => {
    await world.deb('nanite-test', '1.1+b1~rc1');
    await world.deb('nanite-cuda-test', '1.0', { section: 'non-free/science' });
    await world.publish();
    const { uri, close } = await at();
    const client = world.client({ uri });
    const update = await client.update();
    expect(complaints(update)).toEqual([]);
    expect(update.status).toBe(0);
    const fetched = await client.fetch('nanite-test', 'nanite-cuda-test');
    expect(complaints(fetched)).toEqual([]);
    expect(fetched.status).toBe(0);
    const policy = await client.run('apt-cache', 'policy', 'nanite-test');
    expect(policy.output).toMatch(/Candidate: 1\.1\+b1~rc1/);
    close();
  });

  it('asks for indexes by their hash', async () => {
    await world.publish();
    // Without the plain names, only a client that goes by hash can work.
    for (const path of filesBelow(world.tree)) {
      if (/\/Packages(\.gz)?$/.test(path)) rmSync(join(world.tree, path));
    }
    const { uri, close } = await at();
    const client = world.client({ uri });
    expect((await client.update()).status).toBe(0);
    expect((await client.fetch('nanite-test')).status).toBe(0);
    close();
  });

  it('refuses a package that was tampered with', async () => {
    await world.publish();
    const { uri, close } = await at();
    const client = world.client({ uri });
    await client.update();
    const before = await client.fetch('nanite-test');
    expect(before.status).toBe(0);
    await client.run('apt-get', 'clean');

    const deb = join(world.tree, 'pool/main/n/nanite-test/nanite-test_1.0_all.deb');
    const bytes = readFileSync(deb);
    // A letter of the file inside: the archive around it stays well-formed.
    const place = bytes.lastIndexOf('content');
    bytes[place] = bytes[place]! ^ 1;
    writeFileSync(deb, bytes);
    const after = await client.fetch('nanite-test');
    expect(after.status).not.toBe(0);
    expect(after.output).toMatch(/Hash Sum mismatch/i);
    close();
  });

  it('refuses an index that was tampered with', async () => {
    await world.publish();
    const { uri, close } = await at();
    expect((await world.client({ uri }).update()).status).toBe(0);

    const folder = join(world.tree, 'dists/stable/main/binary-amd64');
    const evil = readFileSync(join(folder, 'Packages'), 'utf8').replace('a test', 'a text');
    for (const path of filesBelow(folder)) {
      const isGzip = readFileSync(join(folder, path)).subarray(0, 2).toString('hex') === '1f8b';
      rmSync(join(folder, path));
      if (isGzip) {
        writeFileSync(join(world.root, 'evil'), evil);
        await run('sh', ['-c', `gzip -nc "${join(world.root, 'evil')}" >"${join(folder, path)}"`]);
      } else writeFileSync(join(folder, path), evil);
    }
    const after = await world.client({ uri }).update();
    expect(after.status).not.toBe(0);
    expect(after.output).toMatch(/Hash Sum mismatch|unexpected size/i);
    close();
  });

  it('refuses signed text that was tampered with', async () => {
    await world.publish();
    const { uri, close } = await at();
    expect((await world.client({ uri }).update()).status).toBe(0);
    const path = join(world.tree, 'dists/stable/InRelease');
    writeFileSync(path, readFileSync(path, 'utf8').replace('Origin: Nanite', 'Origin: Nanits'));
    const after = await world.client({ uri }).update();
    expect(after.status).not.toBe(0);
    expect(after.output).toMatch(/BAD|bad signature|not signed|could not be verified|not valid/i);
    close();
  });

  it('refuses an index whose time is over', async () => {
    await world.publish({ now: daysAgo(29) });
    const { uri, close } = await at();
    const valid = await world.client({ uri }).update();
    expect(complaints(valid)).toEqual([]);
    expect(valid.status).toBe(0);

    rmSync(world.tree, { recursive: true });
    await world.publish({ now: daysAgo(31) });
    const after = await world.client({ uri }).update();
    expect(after.status).not.toBe(0);
    expect(after.output).toMatch(/expired/i);
    close();
  });

  it('refuses a repository without a signature', async () => {
    await world.publish();
    const { uri, close } = await at();
    expect((await world.client({ uri }).update()).status).toBe(0);
    for (const name of ['InRelease', 'Release.gpg']) rmSync(join(world.tree, 'dists/stable', name));
    const after = await world.client({ uri }).update();
    expect(after.status).not.toBe(0);
    expect(after.output).toMatch(/not signed|no longer signed/i);
    close();
  });

  it('refuses a repository that another key signed', async () => {
    await world.publish();
    const { uri, close } = await at();
    const client = world.client({ uri });
    const stranger = await signingKey(join(world.root, 'stranger'));
    expect((await world.client({ uri }).update()).status).toBe(0);

    const folder = join(world.tree, 'dists/stable');
    const text = readFileSync(join(folder, 'Release'), 'utf8');
    writeFileSync(join(folder, 'InRelease'), await clearSign(stranger, text));
    writeFileSync(join(folder, 'Release.gpg'), await detachSign(stranger, text));
    const after = await client.update();
    expect(after.status).not.toBe(0);
    expect(after.output).toMatch(/NO_PUBKEY|Missing key|not signed|could not be verified/i);
    close();
  });
});

it('keeps the indexes that the last InRelease named, for clients that just read it', async () => {
  await world.publish();
  const folder = join(world.tree, 'dists/stable/main/binary-amd64/by-hash/SHA256');
  const before = readdirSync(folder);
  await world.deb('nanite-test', '1.1');
  await world.publish();
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(before));
  expect(readdirSync(folder)).toHaveLength(before.length + 2);
});
