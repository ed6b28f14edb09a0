import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { suites } from './contents';
import { filesBelow } from './files';
import { publicKeys, signingKey } from './key';
import { World } from './testing/world';
import { verifyTree } from './verify';

// Many runs of apt and gpg on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let world: World;
beforeEach(async () => {
  world = new World();
  await world.deb('nanite-test', '1.0');
  await world.publish();
});
afterEach(() => world.remove());

it('finds nothing wrong in what was published', async () => {
  expect(await verifyTree(world.tree, { suites })).toEqual([]);
});

it('finds every single file that is missing or has a byte too many', async () => {
  // The source that a person copies is signed by nobody.
  for (const path of filesBelow(world.tree).filter((file) => file !== 'nanite.sources')) {
    const file = join(world.tree, path);
    const content = readFileSync(file);
    if (path !== 'nanite-archive-keyring.asc') {
      // A new file: an index and its name by hash are one.
      rmSync(file);
      writeFileSync(file, Buffer.concat([content, Buffer.from('x')]));
      expect(await verifyTree(world.tree, { suites }), `${path} with a byte too many`).not.toEqual([]);
    }
    rmSync(file);
    expect(await verifyTree(world.tree, { suites }), `${path} missing`).not.toEqual([]);
    writeFileSync(file, content);
  }
  expect(await verifyTree(world.tree, { suites })).toEqual([]);
});

it('finds that the time is over', async () => {
  const later = new Date(Date.now() + 31 * 86_400_000);
  expect(await verifyTree(world.tree, { suites, now: later })).toEqual([
    expect.stringMatching(/stable: expired at/),
    expect.stringMatching(/testing: expired at/),
  ]);
});

it('trusts the keys that it is given and no others', async () => {
  const own = join(world.tree, 'nanite-archive-keyring.asc');
  expect(await verifyTree(world.tree, { suites, keyring: own })).toEqual([]);
  const stranger = join(world.root, 'stranger.asc');
  writeFileSync(stranger, await publicKeys(await signingKey(join(world.root, 'stranger'))));
  expect((await verifyTree(world.tree, { suites, keyring: stranger })).join()).toMatch(/no good signature/);
});
