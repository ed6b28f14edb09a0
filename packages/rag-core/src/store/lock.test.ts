import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lockIndex } from '.';

test('one at a time holds the lock, and the next gets it when the first is done', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nanite-lock-'));
  const unlock = lockIndex(join(folder, 'lock'));
  expect(() => lockIndex(join(folder, 'lock'))).toThrow('another process');
  unlock();
  lockIndex(join(folder, 'lock'))();
  rmSync(folder, { recursive: true });
});
