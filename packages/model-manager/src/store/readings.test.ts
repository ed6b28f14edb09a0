import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ModelManifest, ModelRecord } from '@nanite/contracts';
import { createLog } from '@nanite/kit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { aManifest } from './__fixtures__/model';
import { form } from './readings';
import { Store } from '.';

let folder: string;
const open = () =>
  Store.open({
    root: join(folder, 'store'),
    packages: join(folder, 'packages'),
    quotaBytes: null,
    reserveBytes: 0,
    log: createLog(() => undefined),
  });
const kept = () => join(folder, 'store/.read.json');
const path = () => join(folder, 'packages/a-1');
const write = (system: string | null) =>
  writeFileSync(
    join(path(), 'manifest.json'),
    JSON.stringify(aManifest('a-1', 'a:1', [{ sha256: 'a'.repeat(64), size: 5 }], { system })),
  );
/** Until the folder's times say with certainty that nothing has happened since. */
const settled = () => sleep(150);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-readings-'));
  mkdirSync(path(), { recursive: true });
  writeFileSync(join(path(), 'model.gguf'), '12345');
  write('one');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Replace what is kept of the manifest's text, to see whether what is kept was believed. */
function forge(): void {
  const text = readFileSync(kept(), 'utf8');
  expect(text).toContain('"system":"one"');
  writeFileSync(kept(), text.replace('"system":"one"', '"system":"kept"'));
}
const system = () => {
  const store = open();
  try {
    return store.find('a:1').manifest.system;
  } finally {
    store.close();
  }
};

it('keeps what was read for the next run, while the folder is what it was', async () => {
  await settled();
  expect(system()).toBe('one');
  forge();
  expect(system()).toBe('kept');
});

it.each([
  ['the manifest was changed in its place', () => write('two'), 'two'],
  ['the manifest was only touched', () => utimesSync(join(path(), 'manifest.json'), 1, 1), 'one'],
  ['a file came', () => writeFileSync(join(path(), 'new'), ''), 'one'],
  ['what is kept is broken', () => writeFileSync(kept(), '{"form":1,"readi'), 'one'],
  [
    'what is kept has another form',
    () => writeFileSync(kept(), JSON.stringify({ form: 0, readings: [] })),
    'one',
  ],
])('reads again where %s', async (_, change, expected) => {
  await settled();
  system();
  forge();
  change();
  expect(system()).toBe(expected);
});

it('notices that a file of the model is gone', async () => {
  await settled();
  expect(system()).toBe('one');
  rmSync(join(path(), 'model.gguf'));
  const store = open();
  expect(store.find('a:1').missing).toEqual(['model.gguf']);
  store.close();
});

it('keeps nothing of a folder that has just changed, for it may change again within the same tick', () => {
  write('one');
  writeFileSync(join(path(), 'just-now'), '');
  expect(system()).toBe('one');
  expect(() => readFileSync(kept())).toThrow('ENOENT');
});

it('has a form of its own for each form of manifest and record', () => {
  const schemas = JSON.stringify([ModelManifest, ModelRecord].map((schema) => z.toJSONSchema(schema)));
  const seen = createHash('sha256').update(schemas).digest('hex').slice(0, 16);
  // Fails when a schema has changed: raise `form` in readings.ts, and write the new pair here.
  expect([form, seen]).toEqual([2, 'a09a127d148828c2']);
});
