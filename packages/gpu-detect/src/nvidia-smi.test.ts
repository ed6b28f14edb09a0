import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { askNvidiaSmi, parseNvidiaSmi } from './nvidia-smi';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const folder = mkdtempSync(join(tmpdir(), 'nvidia-smi-'));
afterAll(() => rmSync(folder, { recursive: true }));

let number = 0;
const program = (script: string): string => {
  const path = join(folder, `smi${number++}`);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
};

describe('its lines', () => {
  test("addresses take sysfs's form, sizes become bytes", () => {
    expect(parseNvidiaSmi('00000000:1B:00.0, 81559, NVIDIA H100 80GB HBM3\n')).toEqual([
      { address: '0000:1b:00.0', name: 'NVIDIA H100 80GB HBM3', vramBytes: 81559 * 2 ** 20 },
    ]);
  });

  test("memory that is the system's is not a number", () => {
    expect(parseNvidiaSmi('0000000F:01:00.0, [N/A], NVIDIA GB10')).toEqual([
      { address: '000f:01:00.0', name: 'NVIDIA GB10', vramBytes: null },
    ]);
  });

  test.each(['', 'No devices were found', ',,,', '00000000:01:00.0', 'x'.repeat(100000)])(
    'nonsense is not a GPU',
    (text) => {
      expect(parseNvidiaSmi(text)).toEqual([]);
    },
  );
});

describe('the program', () => {
  test('answers', async () => {
    const answer = await askNvidiaSmi(
      program("echo '00000000:01:00.0, 8192, NVIDIA GeForce GTX 1080'"),
      60_000,
    );
    expect(answer).toMatchObject({ state: 'ok', gpus: [{ address: '0000:01:00.0' }] });
  });

  test('fails with its own words', async () => {
    const answer = await askNvidiaSmi(
      program('echo "Failed to initialize NVML: Driver/library version mismatch"; exit 18'),
      60_000,
    );
    expect(answer).toEqual({
      state: 'failed',
      message: 'Failed to initialize NVML: Driver/library version mismatch',
    });
  });

  test('is not waited for when it hangs, even if it cannot be terminated', async () => {
    const answer = await askNvidiaSmi(program("trap '' TERM; exec 3>&1; while :; do sleep 1; done"), 100);
    expect(answer).toEqual({ state: 'timeout' });
  });

  test('may be missing', async () => {
    expect(await askNvidiaSmi(join(folder, 'nowhere'))).toMatchObject({ state: 'failed' });
  });
});
