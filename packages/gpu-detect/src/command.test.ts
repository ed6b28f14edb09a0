import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HardwareReport } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { layOut, readMachine } from './__fixtures__/machine';
import { run } from './command';
import { writeReport } from './write-report';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let root: string;
let folder: string;
beforeAll(() => {
  root = layOut(readMachine('workstation-two-nvidia'));
  folder = mkdtempSync(join(tmpdir(), 'gpu-detect-write-'));
});
afterAll(() => [root, folder].forEach((path) => rmSync(path, { recursive: true })));

async function call(...argv: string[]): Promise<{ status: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const io = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    columns: null,
  };
  const status = await run(argv, '1.2.3', io);
  return { status, out, err };
}

test('prints a table', async () => {
  const { status, out } = await call('--root', root);
  expect(status).toBe(0);
  expect(out).toMatch(/^Processor +AMD Ryzen 9 7950X/);
  expect(out).toContain('NVIDIA GeForce RTX 2080 Ti (0000:02:00.0)');
  expect(out).toContain('sudo apt install nanite-cuda');
  expect(out).not.toContain('\u001b');
  expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
});

test('prints JSON that fits the schema', async () => {
  const { status, out } = await call('--json', '--root', root);
  expect(status).toBe(0);
  expect(HardwareReport.parse(JSON.parse(out)).gpus).toHaveLength(2);
});

test('answers --version and --help', async () => {
  expect(await call('--version')).toMatchObject({ status: 0, out: '1.2.3\n' });
  const help = await call('--help');
  expect(help.status).toBe(0);
  for (const option of ['--json', '--write', '--root', '--no-tools']) expect(help.out).toContain(option);
});

test.each([['--nonsense'], ['extra'], ['--write']])(
  'wrong usage %j is status 2, with a word on it',
  async (...argv) => {
    const { status, out, err } = await call(...argv);
    expect(status).toBe(2);
    expect(out).toBe('');
    expect(err).toContain('error:');
  },
);

describe('--write', () => {
  test('replaces the file, leaves no other, and everyone may read it', async () => {
    const file = join(folder, 'hardware.json');
    writeFileSync(file, 'old');
    const { status, out } = await call('--write', file, '--root', root);
    expect({ status, out }).toEqual({ status: 0, out: '' });
    expect(HardwareReport.parse(JSON.parse(readFileSync(file, 'utf8'))).recommended).toBe('nanite-cuda');
    expect(statSync(file).mode & 0o777).toBe(0o644);
    expect(readdirSync(folder)).toEqual(['hardware.json']);
  });

  test('keeps the old report where it fails, and says why', () => {
    const file = join(folder, 'nowhere', 'hardware.json');
    expect(() => writeReport(file, '{}')).toThrow(NaniteError);
    expect(() => writeReport(file, '{}')).toThrow(/Cannot write/);
  });

  test('never writes through a link in its way', () => {
    const victim = join(folder, 'victim');
    writeFileSync(victim, 'precious');
    const part = join(folder, `report.json.${process.pid}.part`);
    symlinkSync(victim, part);
    expect(() => writeReport(join(folder, 'report.json'), '{}')).toThrow(NaniteError);
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    rmSync(part);
    rmSync(victim);
    writeReport(join(folder, 'report.json'), '{}');
    expect(readFileSync(join(folder, 'report.json'), 'utf8')).toBe('{}');
  });
});
