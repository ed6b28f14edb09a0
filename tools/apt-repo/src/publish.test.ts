import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { run } from './command';
import { readContents, suites } from './contents';
import { filesBelow, hashFile } from './files';
import { signingKey } from './key';
import { withLock } from './lock';
import { promote, withdraw } from './publish';
import { parseRelease } from './release';
import { World } from './testing/world';
import { verifyTree } from './verify';

const days = (count: number): number => count * 86_400_000;

// Many runs of apt and gpg on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let world: World;
beforeEach(async () => {
  world = new World();
  await world.deb('nanite-test', '1.0');
});
afterEach(() => world.remove());

/** Every file with its content, and when it was last written. */
async function snapshot(tree: string): Promise<string[]> {
  const lines: string[] = [];
  for (const path of filesBelow(tree)) {
    lines.push(`${path} ${await hashFile(join(tree, path))} ${statSync(join(tree, path)).mtimeMs}`);
  }
  return lines;
}

const versions = (suite: 'stable' | 'testing', name = 'nanite-test'): string[] =>
  readContents(world.tree)
    [suite].filter((one) => one.name === name)
    .map((one) => one.version)
    .sort();

it('makes a whole repository: every signature, index and package verifies', async () => {
  const { changed, key } = await world.publish();
  expect(changed).toBe(true);
  expect(await verifyTree(world.tree, { suites })).toEqual([]);
  expect(readdirSync(world.tree).sort()).toEqual([
    'dists',
    'nanite-archive-keyring.asc',
    'nanite.sources',
    'pool',
  ]);
  expect(readFileSync(join(world.tree, 'nanite.sources'), 'utf8')).toBe(
    `Types: deb\nURIs: file://${world.tree}\nSuites: stable\nComponents: main contrib non-free\n` +
      'Architectures: amd64\nSigned-By: /usr/share/keyrings/nanite-archive-keyring.asc\n',
  );
  const release = parseRelease(readFileSync(join(world.tree, 'dists/stable/Release'), 'utf8'));
  expect(release.validUntil!.getTime() - release.date.getTime()).toBe(days(30));
  expect(key.isNew).toBe(true);
});

it('keeps the signing key outside the repository, for its owner only', async () => {
  await world.publish();
  for (const folder of [world.keys, join(world.keys, 'gnupg')])
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  for (const path of filesBelow(world.tree)) {
    expect(readFileSync(join(world.tree, path), 'latin1')).not.toContain('PRIVATE KEY');
  }
  // The control: that is how one would look.
  const secret = await run('gpg', [
    '--homedir',
    join(world.keys, 'gnupg'),
    '--batch',
    '--armor',
    '--export-secret-keys',
  ]);
  expect(secret).toContain('PRIVATE KEY');
});

it('changes nothing where there is nothing new, and signs anew when half the time is over', async () => {
  const start = new Date();
  await world.publish({ now: start });
  const before = await snapshot(world.tree);
  expect((await world.publish({ now: new Date(start.getTime() + days(14)) })).changed).toBe(false);
  expect(await snapshot(world.tree)).toEqual(before);
  expect((await world.publish({ now: new Date(start.getTime() + days(16)) })).changed).toBe(true);
});

it('mends a repository that was damaged', async () => {
  await world.publish();
  writeFileSync(join(world.tree, 'dists/stable/Release.gpg'), 'gone');
  expect(await verifyTree(world.tree, { suites })).not.toEqual([]);
  expect((await world.publish()).changed).toBe(true);
  expect(await verifyTree(world.tree, { suites })).toEqual([]);
});

it('makes the same indexes from the same packages on another day', async () => {
  await world.deb('nanite-other', '2.0');
  await world.publish({ now: new Date(Date.now() - days(3)) });
  const indexes = () =>
    filesBelow(world.tree)
      .filter((path) => path.includes('/Packages'))
      .map((path) => [path, readFileSync(join(world.tree, path)).toString('base64')]);
  const before = indexes();
  await run('rm', ['-r', world.tree]);
  await world.publish();
  expect(indexes()).toEqual(before);
});

describe('suites', () => {
  it('gets a release from testing to stable', async () => {
    await world.publish({ to: ['testing'] });
    expect([versions('testing'), versions('stable')]).toEqual([['1.0'], []]);
    await promote({ ...world.options(), from: 'testing', to: 'stable' });
    expect([versions('testing'), versions('stable')]).toEqual([['1.0'], ['1.0']]);
    const client = world.client();
    await client.update();
    expect((await client.fetch('nanite-test')).status).toBe(0);
  });

  it('promotes only what is named, and says where there is none', async () => {
    await world.deb('nanite-other', '2.0');
    await world.publish({ to: ['testing'] });
    await promote({ ...world.options(), from: 'testing', to: 'stable', only: ['nanite-other'] });
    expect([versions('stable'), versions('stable', 'nanite-other')]).toEqual([[], ['2.0']]);
    await expect(
      promote({ ...world.options(), from: 'testing', to: 'stable', only: ['nanite-none'] }),
    ).rejects.toThrow(/testing has no nanite-none/);
  });

  it('keeps the newest versions, by the order of Debian', async () => {
    for (const version of ['1.10', '1.9', '1.10~rc1', '1:0.1']) {
      await world.deb('nanite-test', version);
      await world.publish();
    }
    expect(versions('stable')).toEqual(['1.10', '1.10~rc1', '1:0.1'].sort());
    expect(filesBelow(join(world.tree, 'pool'))).toHaveLength(3);
  });

  it('puts a package into the archive area that its section names', async () => {
    await world.deb('nanite-cuda-test', '1.0', { section: 'contrib/metapackages' });
    await world.publish();
    expect(filesBelow(join(world.tree, 'pool'))).toContain(
      'contrib/n/nanite-cuda-test/nanite-cuda-test_1.0_all.deb',
    );
    await world.deb('nanite-odd', '1.0', { section: 'universe/misc' });
    await expect(world.publish()).rejects.toThrow(/universe\/misc.*no archive area/);
  });

  it('takes a release back', async () => {
    await world.deb('nanite-test', '1.1');
    await world.publish();
    await withdraw({ ...world.options(), from: 'stable', only: ['nanite-test'], version: '1.1' });
    expect([versions('testing'), versions('stable')]).toEqual([['1.0', '1.1'], ['1.0']]);
  });
});

describe('a version that is there already', () => {
  it('is refused with another content, and stays what it was', async () => {
    await world.publish();
    const before = await snapshot(world.tree);
    await world.deb('nanite-test', '1.0', { content: 'another' });
    await expect(world.publish()).rejects.toMatchObject({ code: 'version-taken' });
    expect(await snapshot(world.tree)).toEqual(before);
  });

  it('takes the new content in every suite where that is wanted', async () => {
    await world.publish();
    const file = await world.deb('nanite-test', '1.0', { content: 'another' });
    await world.publish({ to: ['testing'], replace: true });
    const sha256 = await hashFile(file);
    for (const suite of suites)
      expect(readContents(world.tree)[suite].map((one) => one.sha256)).toEqual([sha256]);
    expect(await verifyTree(world.tree, { suites })).toEqual([]);
  });
});

describe('what is given', () => {
  it('may be some of the packages', async () => {
    await world.deb('nanite-other', '2.0');
    await world.publish({ only: ['nanite-other'] });
    expect([versions('stable'), versions('stable', 'nanite-other')]).toEqual([[], ['2.0']]);
  });

  it('is refused by name where there is no such package, or none at all', async () => {
    await expect(world.publish({ only: ['nanite-none'] })).rejects.toThrow(/no \.deb of nanite-none/);
    await run('rm', ['-r', world.debs]);
    await expect(world.publish()).rejects.toThrow(/there is no \.deb in/);
  });

  it('is refused where a package is cut off, and nothing is published', async () => {
    const file = await world.deb('nanite-other', '2.0', { bytes: 100_000 });
    truncateSync(file, 50_000);
    await expect(world.publish()).rejects.toMatchObject({ code: 'bad-deb' });
    expect(existsSync(world.tree)).toBe(false);
  });

  it('leaves debug symbols out', async () => {
    await world.deb('nanite-test-dbgsym', '1.0');
    await world.publish();
    expect(versions('stable', 'nanite-test-dbgsym')).toEqual([]);
  });

  it('is copied: a package that is built again in place does not change what was published', async () => {
    const file = await world.deb('nanite-test', '1.0');
    await world.publish();
    writeFileSync(file, 'built again');
    expect(await verifyTree(world.tree, { suites })).toEqual([]);
  });
});

describe('a publish that does not come to its end', () => {
  it.each(['Writing', 'Checking', 'Putting'])(
    'leaves the repository as it was when killed at "%s", and can be run again',
    async (step) => {
      await world.publish();
      const before = await snapshot(world.tree);
      await world.deb('nanite-test', '2.0');
      const child = spawnSync(
        process.execPath,
        [
          '--import',
          'tsx',
          resolve(import.meta.dirname, 'testing/publish-until-killed.ts'),
          world.debs,
          world.tree,
          world.keys,
          step,
        ],
        { encoding: 'utf8' },
      );
      expect(child.signal).toBe('SIGKILL');
      // The control: it was in the middle of something.
      expect(existsSync(join(world.tree, '../.repo.work'))).toBe(true);
      expect(await snapshot(world.tree)).toEqual(before);
      expect((await world.client().update()).status).toBe(0);

      await world.publish();
      expect(versions('stable')).toEqual(['1.0', '2.0']);
      expect(existsSync(join(world.tree, '../.repo.work'))).toBe(false);
    },
  );

  it('says so where another is at work', async () => {
    await world.publish();
    await withLock(join(world.tree, '../.repo.lock'), async () => {
      await expect(world.publish()).rejects.toMatchObject({ code: 'busy' });
    });
    await world.publish();
  });
});

describe('a disk that is full', () => {
  let disk: string;
  beforeEach(async () => {
    disk = join(world.root, 'disk');
    mkdirSync(disk);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk]);
  });
  afterEach(() => run('umount', ['--lazy', disk]));

  it('is told before anything is written, where the packages cannot fit', async () => {
    const tree = join(disk, 'repo');
    await world.publish({ tree });
    const before = await snapshot(tree);
    await world.deb('nanite-large', '1.0', { bytes: 3_000_000 });
    await expect(world.publish({ tree })).rejects.toThrow(/is full: 3 MiB are needed and 2 MiB are free/);
    expect(await snapshot(tree)).toEqual(before);
  });

  it('is told where it fills up on the way, and the repository is as it was', async () => {
    const tree = join(disk, 'repo');
    await world.publish({ tree });
    const before = await snapshot(tree);
    await world.deb('nanite-test', '2.0', { bytes: 100_000 });
    const full = world.publish({
      tree,
      progress: async (step) => {
        if (!step.startsWith('Writing')) return;
        await run('sh', ['-c', `cat /dev/zero >"${disk}/ballast" 2>/dev/null || true`]);
      },
    });
    await expect(full).rejects.toMatchObject({ code: 'disk-full' });
    expect(await snapshot(tree)).toEqual(before);
    expect(await verifyTree(tree, { suites })).toEqual([]);
  });
});

it('trusts several keys while one follows another, and signs with the one that is named', async () => {
  const first = await signingKey(world.keys);
  await run('gpg', [
    '--homedir',
    join(world.keys, 'gnupg'),
    '--batch',
    '--passphrase',
    '',
    '--quick-generate-key',
    'next',
    'ed25519',
    'sign',
    '0',
  ]);
  await expect(signingKey(world.keys)).rejects.toMatchObject({ code: 'several-keys' });
  process.env['NANITE_KEY'] = first.fingerprint;
  try {
    const { key } = await world.publish();
    expect(key.fingerprint).toBe(first.fingerprint);
    expect((await world.client().update()).status).toBe(0);
  } finally {
    delete process.env['NANITE_KEY'];
  }
});
