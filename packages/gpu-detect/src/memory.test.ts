import { afterEach, describe, expect, test, vi } from 'vitest';
import { layOut, type Machine, readMachine, removeTree } from './__fixtures__/machine';
import { modelBudget, readMemory } from './memory';
import { Tree } from './tree';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const made: string[] = [];
afterEach(() => made.splice(0).forEach(removeTree));
const memoryOf = (machine: Machine) => {
  const root = layOut(machine);
  made.push(root);
  return readMemory(new Tree(root));
};

const GiB = 1 << 30;

test.each([
  [0, 0],
  [1, 0.5],
  [2, 1],
  [4, 3],
  [8, 6],
  [16, 12],
  [64, 48],
  [128, 112],
  [2048, 2032],
])('of %i GiB, models may take %f', (total, budget) => {
  expect(modelBudget(total * GiB)).toBe(budget * GiB);
});

describe('control groups', () => {
  test("version 2: the container's own limit, and what it uses that cannot be dropped", () => {
    expect(memoryOf(readMachine('container-no-pci'))).toMatchObject({
      totalBytes: 4 * GiB,
      availableBytes: 4 * GiB - (GiB - GiB / 4),
      modelBudgetBytes: 3 * GiB,
      limitedBy: '/sys/fs/cgroup',
    });
  });

  test('version 2: memory.high limits as well', () => {
    const machine = readMachine('container-no-pci');
    machine.files!['/sys/fs/cgroup/memory.high'] = `${2 * GiB}\n`;
    expect(memoryOf(machine).totalBytes).toBe(2 * GiB);
  });

  test('version 1: a limit above what the container sees', () => {
    expect(memoryOf(readMachine('container-cgroup-v1'))).toMatchObject({
      totalBytes: 8 * GiB,
      availableBytes: 7 * GiB,
      limitedBy: '/sys/fs/cgroup/memory',
    });
  });

  const machine = readMachine('laptop-intel');
  const whole = machine.memory!.totalKiB * 1024;

  test("our own unit's limit is none of the models'", () => {
    expect(memoryOf(machine)).toMatchObject({ totalBytes: whole, limitedBy: null });
  });

  test('without systemd the same group is a limit (control of the test above)', () => {
    const bare = structuredClone(machine);
    delete bare.files!['/run/systemd/system/.keep'];
    expect(memoryOf(bare).totalBytes).toBe(256 << 20);
  });

  test('system.slice, where models run, is', () => {
    const limited = structuredClone(machine);
    limited.files!['/sys/fs/cgroup/system.slice/memory.max'] = `${3 * GiB}\n`;
    limited.files!['/proc/self/cgroup'] = '0::/user.slice/user-1000.slice/session-2.scope\n';
    expect(memoryOf(limited)).toMatchObject({
      totalBytes: 3 * GiB,
      limitedBy: '/sys/fs/cgroup/system.slice',
    });
  });
});

test('reserved huge pages are not counted', () => {
  const machine = readMachine('host-passthrough');
  expect(memoryOf(machine).totalBytes).toBe((machine.memory!.totalKiB - machine.memory!.hugetlbKiB!) * 1024);
});
