import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HardwareReport } from '@nanite/contracts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from './command';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-memory-speed-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const io = { out: () => {}, err: () => {}, columns: null };
const written = async (...more: string[]): Promise<HardwareReport> => {
  const file = join(folder, 'hardware.json');
  expect(await run(['--no-tools', '--write', file, ...more], '0', io)).toBe(0);
  return HardwareReport.parse(JSON.parse(readFileSync(file, 'utf8')));
};

test('the report has the speed of memory, measured once', async () => {
  const { memory } = await written();
  expect(memory.bytesPerSecond).toBeGreaterThan(10_000_000);
  const report = await written();
  expect(report.memory.bytesPerSecond).toBe(memory.bytesPerSecond);
});

test('what another processor measured, or what is damaged, is measured again', async () => {
  const report = await written();
  const other = { ...report, cpu: { ...report.cpu, model: 'another' } };
  other.memory.bytesPerSecond = 1;
  for (const text of [JSON.stringify(other), '{']) {
    writeFileSync(join(folder, 'hardware.json'), text);
    expect((await written()).memory.bytesPerSecond).toBeGreaterThan(10_000_000);
  }
});

test('nothing is measured of a recorded tree', async () => {
  expect((await written('--root', folder)).memory.bytesPerSecond).toBeUndefined();
});
