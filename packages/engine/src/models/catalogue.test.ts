import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '@nanite/kit';
import { expect, test } from 'vitest';
import { installedModels } from './catalogue';

test('what is not a model is named in the log, and what the store keeps beside its models is not', () => {
  const root = mkdtempSync(join(tmpdir(), 'nanite-models-'));
  for (const folder of ['blobs', 'partial', 'damaged']) mkdirSync(join(root, folder));
  writeFileSync(join(root, 'damaged', 'manifest.json'), '{');
  symlinkSync(join(root, 'disk-that-is-gone'), join(root, 'elsewhere'));
  const lines: string[] = [];
  expect(
    installedModels(
      [root],
      createLog((line) => lines.push(line)),
    ),
  ).toEqual([]);
  rmSync(root, { recursive: true });
  expect(lines.map((line) => /no usable model in \S*\/(\S+)/.exec(line)?.[1]).sort()).toEqual([
    'damaged',
    'elsewhere',
  ]);
});
