import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { suites } from './contents';
import { filesBelow } from './files';
import { folderTarget, mirror, type MirrorTarget } from './mirror';
import { s3Target, parseS3Uri } from './s3';
import { serveFolder } from './serve';
import { complaints } from './testing/apt';
import { World } from './testing/world';
import { verifyTree } from './verify';

// Many runs of apt and gpg on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let world: World;
beforeEach(async () => {
  world = new World();
  await world.deb('nanite-test', '1.0+dfsg~1');
  await world.publish();
});
afterEach(() => world.remove());

describe('a folder', () => {
  const place = () => join(world.root, 'www');

  it('becomes equal to the repository, and stays so', async () => {
    const first = await mirror(world.tree, folderTarget(place()));
    expect(first.sent).toHaveLength(filesBelow(world.tree).length);
    expect(await verifyTree(place(), { suites })).toEqual([]);
    const again = await mirror(world.tree, folderTarget(place()));
    expect(again).toMatchObject({ sent: [], removed: [], kept: first.sent.length });
  });

  it('is never sent a repository that does not verify', async () => {
    rmSync(join(world.tree, 'dists/stable/InRelease'));
    await expect(mirror(world.tree, folderTarget(place()))).rejects.toMatchObject({ code: 'repo-damaged' });
    expect(existsSync(place())).toBe(false);
  });

  it('serves the old or the new repository, whole, wherever sending stops', async () => {
    const target = folderTarget(place());
    await mirror(world.tree, target);
    // As clients of a web server see it, who go by hash. (apt takes no heed of by-hash under file:.)
    const { server, uri } = await serveFolder(place());
    await world.deb('nanite-test', '2.0');
    await world.publish();
    const { sent } = await mirror(world.tree, folderTarget(join(world.root, 'count')));
    for (let stop = 0; stop < sent.length; stop += 3) {
      let puts = 0;
      const breaking: MirrorTarget = {
        ...target,
        put: (...args) =>
          puts++ >= stop ? Promise.reject(new Error('the wire broke')) : target.put(...args),
      };
      const ended = await mirror(world.tree, breaking).then(
        () => 'whole',
        (error: Error) => error.message,
      );
      expect(['whole', 'the wire broke']).toContain(ended);
      const client = world.client({ uri });
      const update = await client.update();
      expect(update.status, `${stop} of ${sent.length}: ${update.output}`).toBe(0);
      expect((await client.fetch('nanite-test')).status).toBe(0);
    }
    server.close();
  });

  it('leaves what is no part of a repository alone', async () => {
    await mirror(world.tree, folderTarget(place()));
    writeFileSync(join(place(), 'index.html'), 'ours');
    writeFileSync(join(place(), 'pool/stray.deb'), 'stray');
    const { removed } = await mirror(world.tree, folderTarget(place()));
    expect(removed).toEqual(['pool/stray.deb']);
    expect(readFileSync(join(place(), 'index.html'), 'utf8')).toBe('ours');
  });
});

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

/** s3rver speaks S3 over HTTP and asks who writes; everyone may read, as from a public bucket. */
describe('a bucket', () => {
  let server: ChildProcess;
  let endpoint: string;
  let said = '';
  const environment = { ...process.env };

  beforeAll(async () => {
    const port = await freePort();
    endpoint = `http://127.0.0.1:${port}`;
    const program = createRequire(import.meta.url).resolve('s3rver/bin/s3rver.js');
    server = spawn(process.execPath, [
      program,
      '--silent',
      '--no-vhost-buckets',
      '--address=127.0.0.1',
      `--port=${port}`,
      `--directory=/tmp/nanite-s3-${port}`,
      '--configure-bucket',
      'packages',
    ]);
    server.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    for (;;) {
      if (server.exitCode !== null) throw new Error(`s3rver ended: ${said}`);
      if (
        await fetch(endpoint).then(
          () => true,
          () => false,
        )
      )
        break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    // The pair that s3rver knows.
    process.env['AWS_ACCESS_KEY_ID'] = 'S3RVER';
    process.env['AWS_SECRET_ACCESS_KEY'] = 'S3RVER';
  });
  afterAll(() => {
    server.kill();
    process.env = environment;
  });

  it('serves apt without a word of complaint, and follows the repository', async () => {
    const target = () => s3Target('s3://packages/debian', { endpoint });
    // Large enough to be sent in parts, as models are.
    await world.deb('nanite-model-test', '1.0', { bytes: 12_000_000 });
    await world.publish();
    const first = await mirror(world.tree, target());
    expect(first.sent).toHaveLength(filesBelow(world.tree).length);
    const uri = `${endpoint}/packages/debian`;
    const client = world.client({ uri });
    const update = await client.update();
    expect(complaints(update)).toEqual([]);
    expect(update.status).toBe(0);
    // The version has a plus sign, which some servers take for a blank.
    const fetched = await client.fetch('nanite-test', 'nanite-model-test');
    expect(complaints(fetched)).toEqual([]);
    expect(fetched.status).toBe(0);
    expect(await mirror(world.tree, target())).toMatchObject({
      sent: [],
      removed: [],
      kept: first.sent.length,
    });

    await world.deb('nanite-test', '2.0');
    await world.publish({ keep: 1 });
    const second = await mirror(world.tree, target());
    expect(second.sent.at(-1)).toBe('dists/testing/InRelease');
    expect(second.removed).toContain('pool/main/n/nanite-test/nanite-test_1.0+dfsg~1_all.deb');
    await client.update();
    expect((await client.run('apt-cache', 'policy', 'nanite-test')).output).toMatch(/Candidate: 2\.0/);
    expect((await client.fetch('nanite-test')).status).toBe(0);
  });

  it('takes nothing from a stranger, who is told what to check', async () => {
    process.env['AWS_ACCESS_KEY_ID'] = 'stranger';
    const refused = mirror(world.tree, s3Target('s3://packages/other', { endpoint }));
    await expect(refused).rejects.toMatchObject({
      code: 'bucket-refused',
      hint: expect.stringContaining('AWS_SECRET'),
    });
    process.env['AWS_ACCESS_KEY_ID'] = 'S3RVER';
    expect(
      (await mirror(world.tree, s3Target('s3://packages/other', { endpoint }))).sent.length,
    ).toBeGreaterThan(0);
  });

  it('says where a bucket does not exist', async () => {
    await expect(mirror(world.tree, s3Target('s3://nowhere', { endpoint }))).rejects.toThrow(/NoSuchBucket/);
  });
});

it('reads addresses of buckets', () => {
  expect(parseS3Uri('s3://packages')).toEqual({ bucket: 'packages', prefix: '' });
  expect(parseS3Uri('s3://packages/a/b/')).toEqual({ bucket: 'packages', prefix: 'a/b/' });
  expect(() => parseS3Uri('s3:packages')).toThrow(/not an address of a bucket/);
});
