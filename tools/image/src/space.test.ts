import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { needSpace } from './space';

const folder = tmpdir();

test('what fits is let through', async () => {
  await expect(needSpace([{ folder, bytes: 1, what: 'a byte' }])).resolves.toBeUndefined();
});

test('needs of one disk are added up, and each is named', async () => {
  const half = { folder, bytes: 0.6e18 };
  await expect(
    needSpace([
      { ...half, what: 'one half' },
      { ...half, what: 'the other' },
    ]),
  ).rejects.toThrow(/needs 1200000000\.0 GB on the disk.*one half.*the other/);
});
