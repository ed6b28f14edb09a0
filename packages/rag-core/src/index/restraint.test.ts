import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { restraint, type Sources } from './restraint';

let folder: string;
let sources: Sources;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-power-'));
  sources = { power: folder, pressure: join(folder, 'cpu') };
});
afterEach(() => rmSync(folder, { recursive: true }));

const supply = (name: string, facts: Record<string, string>) => {
  mkdirSync(join(folder, name));
  for (const [fact, value] of Object.entries(facts)) writeFileSync(join(folder, name, fact), `${value}\n`);
};
const pressure = (percent: number) =>
  writeFileSync(
    sources.pressure,
    `some avg10=${percent.toFixed(2)} avg60=0.00 avg300=0.00 total=1\nfull avg10=0.00`,
  );

test('many files wait on battery, a few do not', async () => {
  supply('BAT0', { type: 'Battery', status: 'Discharging' });
  supply('AC', { type: 'Mains', online: '0' });
  expect((await restraint(1000, sources)).wait).toContain('battery');
  expect((await restraint(10, sources)).wait).toBeNull();
});

test('nothing waits on mains, nor for the battery of a mouse', async () => {
  supply('BAT0', { type: 'Battery', status: 'Discharging' });
  supply('AC', { type: 'Mains', online: '1' });
  expect((await restraint(1000, sources)).wait).toBeNull();
  rmSync(join(folder, 'BAT0'), { recursive: true });
  rmSync(join(folder, 'AC'), { recursive: true });
  supply('hid', { type: 'Battery', status: 'Discharging', scope: 'Device' });
  expect((await restraint(1000, sources)).wait).toBeNull();
});

test('rests the longer the more programs wait for a processor', async () => {
  const rests = [];
  for (const percent of [0, 60, 90]) {
    pressure(percent);
    rests.push((await restraint(1000, sources)).rest);
  }
  expect(rests[0]).toBe(0);
  expect(rests[1]).toBeGreaterThan(0);
  expect(rests[2]).toBeGreaterThan(rests[1]!);
});

test('a kernel that tells nothing restrains nothing', async () => {
  expect(await restraint(1000, { power: '/nowhere', pressure: '/nowhere' })).toEqual({ wait: null, rest: 0 });
});
