import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fetchSource, SourceSpec, type FetchOptions } from './index';

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const content = 'weights\n';
const wrong = '0'.repeat(64);

let folder: string;
let cache: string;
let tarball: string;
let fetches: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-sources-'));
  cache = join(folder, 'cache');
  mkdirSync(join(folder, 'package'));
  writeFileSync(join(folder, 'package/model.bin'), content);
  tarball = join(folder, 'source.tgz');
  execFileSync('tar', ['-czf', tarball, '-C', folder, 'package/model.bin']);
  fetches = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const spec = (change: object = {}): SourceSpec =>
  SourceSpec.parse({
    registry: 'npm',
    name: 'thing',
    version: '1.0.0',
    sha256: sha256(readFileSync(tarball)),
    licence: 'MIT',
    files: [{ path: 'package/model.bin', sha256: sha256(content), size: content.length }],
    ...change,
  });

const fake = async (_: unknown, into: string): Promise<void> => {
  fetches += 1;
  copyFileSync(tarball, join(into, 'thing-1.0.0.tgz'));
};
const options = (): FetchOptions => ({ cache, clients: { npm: fake, pypi: fake, maven: fake } });

test('gives each file under its hash, and asks the registry once', async () => {
  const { files } = await fetchSource(spec(), options());
  expect(readFileSync(files['package/model.bin']!, 'utf8')).toBe(content);
  await fetchSource(spec(), options());
  expect(fetches).toBe(1);
});

test('reads zips: wheels and jars', async () => {
  const wheel = join(folder, 'thing.whl');
  execFileSync('python3', ['-m', 'zipfile', '-c', wheel, 'package'], { cwd: folder });
  const { files } = await fetchSource(spec({ registry: 'pypi', sha256: sha256(readFileSync(wheel)) }), {
    cache,
    clients: {
      npm: fake,
      maven: fake,
      pypi: async (_, into) => copyFileSync(wheel, join(into, 'thing.whl')),
    },
  });
  expect(readFileSync(files['package/model.bin']!, 'utf8')).toBe(content);
});

test('refuses an archive of another hash, shows both, keeps nothing', async () => {
  await expect(fetchSource(spec({ sha256: wrong }), options())).rejects.toMatchObject({
    code: 'hash-mismatch',
    message: expect.stringMatching(new RegExp(`${wrong}[^]*${sha256(readFileSync(tarball))}`)),
  });
  expect(readdirSync(cache)).toEqual([]);
});

test('refuses an archive of another integrity', async () => {
  const integrity = `sha512-${Buffer.alloc(64).toString('base64')}`;
  await expect(fetchSource(spec({ integrity }), options())).rejects.toMatchObject({ code: 'hash-mismatch' });
  expect(readdirSync(cache)).toEqual([]);
});

test('refuses a file of another hash, shows both, keeps no such file', async () => {
  const files = [{ path: 'package/model.bin', sha256: wrong }];
  await expect(fetchSource(spec({ files }), options())).rejects.toMatchObject({
    code: 'hash-mismatch',
    message: expect.stringMatching(new RegExp(`${wrong}[^]*${sha256(content)}`)),
  });
  expect(readdirSync(cache)).toEqual([spec().sha256]);
});

test('fetches again what was damaged in the cache', async () => {
  const { files } = await fetchSource(spec(), options());
  writeFileSync(files['package/model.bin']!, 'rotten');
  writeFileSync(join(cache, spec().sha256!), 'rotten');
  await fetchSource(spec(), options());
  expect(readFileSync(files['package/model.bin']!, 'utf8')).toBe(content);
  expect(fetches).toBe(2);
});

test('an interrupted download leaves nothing behind', async () => {
  const cut = async (_: unknown, into: string): Promise<void> => {
    writeFileSync(join(into, 'thing-1.0.0.tgz'), readFileSync(tarball).subarray(0, 40));
    throw new Error('connection lost');
  };
  await expect(fetchSource(spec(), { cache, clients: { npm: cut, pypi: cut, maven: cut } })).rejects.toThrow(
    'connection lost',
  );
  expect(readdirSync(cache)).toEqual([]);
});

test('a full disk is told as such', async () => {
  const full = async (): Promise<void> => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  };
  await expect(
    fetchSource(spec(), { cache, clients: { npm: full, pypi: full, maven: full } }),
  ).rejects.toMatchObject({ code: 'disk-full', message: expect.stringContaining('full') });
  expect(readdirSync(cache)).toEqual([]);
});

test.each(['../etc/passwd', '/etc/passwd', 'a/../../b'])(
  'takes no member outside the archive: %s',
  (path) => {
    expect(() => spec({ files: [{ path, sha256: wrong }] })).toThrow('inside the archive');
  },
);

test('an unpinned source is not a source', () => {
  expect(() => spec({ sha256: undefined })).toThrow('sha256 of the archive is missing');
});

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const command = (...args: string[]) => {
  // npm's place is taken by a script that copies the archive to where it was told.
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(
    join(bin, 'npm'),
    `#!/bin/sh\n[ "$1 $2" = "pack thing@1.0.0" ] && cp '${tarball}' "$4/thing-1.0.0.tgz"\n`,
  );
  chmodSync(join(bin, 'npm'), 0o755);
  return spawnSync(process.execPath, ['--import', 'tsx', main, ...args], {
    encoding: 'utf8',
    env: { ...process.env, NANITE_CACHE: folder, PATH: `${bin}:${process.env['PATH']}` },
  });
};

test('the command prints paths; a wrong hash ends it with 1', () => {
  const file = join(folder, 'spec.json');
  writeFileSync(file, JSON.stringify(spec()));
  const good = command('fetch', file, '--print', 'package/model.bin');
  expect(good.stderr).toBe('==> Fetching npm:thing@1.0.0\n');
  expect(readFileSync(good.stdout.trim(), 'utf8')).toBe(content);

  writeFileSync(
    file,
    JSON.stringify(spec({ sha256: wrong, files: [{ path: 'package/other', sha256: wrong }] })),
  );
  const bad = command('fetch', file);
  expect(bad.status).toBe(1);
  expect(bad.stderr).toContain(wrong);
  expect(bad.stderr).toContain(sha256(readFileSync(tarball)));
}, 60_000);
