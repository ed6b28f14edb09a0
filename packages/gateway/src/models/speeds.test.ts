import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModelEntry } from '@nanite/contracts';
import { createLog } from '@nanite/kit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fakeEntry } from '../__fixtures__/fake-engine';
import { Speeds } from './speeds';

let folder: string;
let now: number;
let said: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-speeds-'));
  now = 1_000_000_000;
  said = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const speeds = (): Speeds =>
  new Speeds(
    createLog((line) => void said.push(line)),
    join(folder, 'speeds.json'),
    join(folder, 'memory.json'),
    () => now,
  );
const model = (id: string, size: number, tokensPerSecond: number | null = null): ModelEntry =>
  fakeEntry(id, {
    tokensPerSecond,
    files: [{ role: 'weights', path: 'model.gguf', sha256: id.padEnd(64, '0'), size }],
  });
const large = model('aa', 1000);
const small = model('bb', 100);
/** Answers of 100 tokens each at these speeds. */
const answer = (at: Speeds, entry: ModelEntry, ...tokensPerSecond: number[]): void => {
  for (const speed of tokensPerSecond) at.saw(entry, 100, (100 / speed) * 1e9);
};

test('three answers tell how fast a model is, and a busy moment does not', () => {
  const known = speeds();
  answer(known, large, 10, 2);
  expect(known.of(large, [])).toBeNull();
  answer(known, large, 10, 10, 3, 11);
  expect(known.of(large, [])).toEqual({ tokensPerSecond: expect.closeTo(10) as number, basis: 'answers' });
});

test('lasting slowness counts, for a day', () => {
  const known = speeds();
  answer(known, large, 10, 10, 10, 10, 10, 10, 10, 10);
  answer(known, large, 2, 2, 2, 2, 2, 2, 2, 2);
  expect(known.of(large, [])?.tokensPerSecond).toBeCloseTo(2);
  now += 24 * 60 * 60 * 1000 + 1;
  expect(known.of(large, [])).toBeNull();
});

test('short answers say nothing', () => {
  const known = speeds();
  for (let i = 0; i < 5; i++) known.saw(large, 3, 1e9);
  expect(known.of(large, [])).toBeNull();
});

test('what was seen is kept, by the weights', () => {
  const known = speeds();
  answer(known, large, 10, 10, 10);
  known.save();
  const persona = { ...large, manifest: { ...large.manifest, id: 'pirate', name: 'pirate:1b' } };
  expect(speeds().of(persona, [])?.tokensPerSecond).toBeCloseTo(10);
  expect(JSON.parse(readFileSync(join(folder, 'speeds.json'), 'utf8'))).toMatchObject({ schema: 1 });
});

test('what cannot be read is forgotten, and said', () => {
  writeFileSync(join(folder, 'speeds.json'), '{"schema":1,"models":');
  expect(speeds().of(large, [])).toBeNull();
  expect(said.join('')).toContain('forgetting how fast models answer');
});

test('before its first answers: what the engine measured, else a guess from another model, else from the memory', () => {
  const known = speeds();
  writeFileSync(join(folder, 'memory.json'), JSON.stringify({ memory: { bytesPerSecond: 10_000 } }));
  expect(known.of(large, [large, small])).toEqual({ tokensPerSecond: 8, basis: 'guess' });
  answer(known, small, 50, 50, 50);
  const guess = known.of(large, [large, small]);
  expect(guess).toEqual({ tokensPerSecond: expect.closeTo(5) as number, basis: 'guess' });
  expect(known.of(model('cc', 1000, 9), [])).toEqual({ tokensPerSecond: 9, basis: 'measured' });
});
