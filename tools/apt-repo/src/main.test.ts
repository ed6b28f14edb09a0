import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { readContents } from './contents';
import { complaints } from './testing/apt';
import { World } from './testing/world';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const program = ['--import', 'tsx', resolve(import.meta.dirname, 'main.ts')];

let world: World;
beforeEach(async () => {
  world = new World();
  await world.deb('nanite-test', '1.0');
});
afterEach(() => world.remove());

const environment = (keys = world.keys) => ({ ...process.env, NANITE_KEYS: keys, NANITE_REPO: world.tree });

function aptRepo(args: string[], keys?: string): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [...program, ...args], { encoding: 'utf8', env: environment(keys) });
}

const versions = (suite: 'stable' | 'testing') => readContents(world.tree)[suite].map((one) => one.version);

it("publishes to every suite and takes what was built last: this machine's own repository", async () => {
  expect(aptRepo(['publish', '--debs', world.debs])).toMatchObject({ status: 0 });
  expect([versions('stable'), versions('testing')]).toEqual([['1.0'], ['1.0']]);
  await world.deb('nanite-test', '1.0', { content: 'another' });
  const again = aptRepo(['publish', '--debs', world.debs]);
  expect(again.stderr).toContain('Published');
  expect(again.status).toBe(0);
  expect(aptRepo(['publish', '--debs', world.debs]).stderr).toContain('Nothing to do');
});

it('releases to testing, then to stable, and never gives a version another content', async () => {
  expect(aptRepo(['publish', '--suite', 'testing', '--debs', world.debs]).status).toBe(0);
  expect([versions('stable'), versions('testing')]).toEqual([[], ['1.0']]);
  await world.deb('nanite-test', '1.0', { content: 'another' });
  const refused = aptRepo(['publish', '--suite', 'testing', '--debs', world.debs]);
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(/nanite-test 1\.0 all is in testing already[^]*raise its version/);
  expect(aptRepo(['promote']).status).toBe(0);
  expect(versions('stable')).toEqual(['1.0']);
  expect(aptRepo(['withdraw', '--suite', 'stable', 'nanite-test']).status).toBe(0);
  expect(versions('stable')).toEqual([]);
});

it('says on one line what is wrong, on the next what to do, and ends with 1', () => {
  const none = aptRepo(['publish', '--debs', join(world.root, 'nowhere')]);
  expect(none.status).toBe(1);
  expect(none.stderr).toMatch(/apt-repo: there is no \.deb in .*\n {2}build some first: make debs\n$/);
  expect(aptRepo(['publish', '--keep', '0']).stderr).toMatch(/a whole number from 1/);
  expect(aptRepo(['verify']).status).toBe(1);
});

it('moves the key to another machine by a file that only its owner can read', () => {
  const backup = join(world.root, 'backup.asc');
  const first = aptRepo(['key', 'show']).stdout;
  expect(first).toMatch(/^[0-9A-F]{40}\n$/);
  expect(aptRepo(['key', 'backup', backup]).status).toBe(0);
  expect(statSync(backup).mode & 0o777).toBe(0o600);
  // A backup is never written over.
  expect(aptRepo(['key', 'backup', backup]).status).toBe(1);

  const elsewhere = join(world.root, 'elsewhere');
  expect(aptRepo(['key', 'import', backup], elsewhere).status).toBe(0);
  expect(aptRepo(['key', 'show'], elsewhere).stdout).toBe(first);
  expect(aptRepo(['publish', '--debs', world.debs], elsewhere).status).toBe(0);
  const keyring = join(world.root, 'public.asc');
  expect(aptRepo(['key', 'export', keyring]).status).toBe(0);
  expect(aptRepo(['verify', '--keyring', keyring])).toMatchObject({ status: 0 });
  expect(readFileSync(keyring, 'utf8')).not.toContain('PRIVATE');
});

it('gives nanite-archive-keyring the key that the repository is signed with', () => {
  const folder = join(world.root, 'package');
  expect(aptRepo(['key', 'package', folder, '--uri', 'https://packages.invalid/']).status).toBe(0);
  expect(aptRepo(['publish', '--debs', world.debs]).status).toBe(0);
  const name = 'nanite-archive-keyring.asc';
  expect(readFileSync(join(folder, name), 'utf8')).toBe(readFileSync(join(world.tree, name), 'utf8'));
  expect(readFileSync(join(folder, 'nanite.sources'), 'utf8')).toContain('URIs: https://packages.invalid/\n');
});

it('serves the repository to apt, and the next one after a publish', async () => {
  aptRepo(['publish', '--debs', world.debs]);
  const server = spawn(process.execPath, [...program, 'serve', '--port', '0'], { env: environment() });
  try {
    const uri = await new Promise<string>((found, failed) => {
      let said = '';
      server.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        const match = /served at (\S+)/.exec(said);
        if (match !== null) found(match[1]!);
      });
      server.once('close', () => failed(new Error(said)));
    });
    const client = world.client({ uri });
    expect(complaints(await client.update())).toEqual([]);
    await world.deb('nanite-test', '1.1');
    aptRepo(['publish', '--debs', world.debs]);
    expect(complaints(await client.update())).toEqual([]);
    expect((await client.run('apt-cache', 'policy', 'nanite-test')).output).toMatch(/Candidate: 1\.1/);
    // Nothing beside the repository can be read through it.
    const outside = await fetch(`${uri}/..%2fdebs/nanite-test/nanite-test_1.0_all.deb`);
    expect(outside.status).toBeGreaterThanOrEqual(400);
    expect((await fetch(`${uri}/nanite.sources`)).status).toBe(200);
  } finally {
    server.kill();
  }
});
