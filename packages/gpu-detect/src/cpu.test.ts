import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { layOut, readMachine, removeTree } from './__fixtures__/machine';
import { listMembers, readCpu, x86Level } from './cpu';
import { Tree } from './tree';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const made: string[] = [];
afterEach(() => made.splice(0).forEach(removeTree));
const cpuOf = (name: string) => {
  const root = layOut(readMachine(name));
  made.push(root);
  return readCpu(new Tree(root));
};

const flags = JSON.parse(
  readFileSync(new URL('./__fixtures__/flags.json', import.meta.url), 'utf8'),
) as Record<string, string>;

describe('x86-64 level', () => {
  test.each([
    ['core2', 1],
    ['nehalem', 2],
    ['haswell', 3],
    ['zen3', 3],
    ['alderlake', 3],
    ['zen4', 4],
    ['tigerlake', 4],
    ['sapphirerapids', 4],
  ])('%s is %i', (name, level) => {
    expect(x86Level(new Set(flags[name]?.split(' ')))).toBe(level);
  });

  test('one missing flag of a lower level holds down all above it', () => {
    const all = new Set(flags['sapphirerapids']?.split(' '));
    all.delete('popcnt');
    expect(x86Level(all)).toBe(1);
  });

  test('32-bit processors have none', () => {
    const all = new Set(flags['nehalem']?.split(' '));
    all.delete('lm');
    expect(x86Level(all)).toBe(0);
  });
});

test('cores, threads and sockets of a two-socket server', () => {
  expect(cpuOf('server-mi210')).toMatchObject({ cores: 192, threads: 384, numaNodes: 2, level: 4 });
});

test('without /sys, threads are counted in cpuinfo', () => {
  expect(cpuOf('board-arm')).toMatchObject({
    model: 'Raspberry Pi 5 Model B Rev 1.0',
    threads: 4,
    level: 0,
    flags: ['asimd', 'asimddp', 'asimdhp'],
  });
});

test('only flags that matter to inference are reported', () => {
  const { flags: reported } = cpuOf('server-hopper');
  expect(reported).toContain('amx_int8');
  expect(reported).toContain('sse3');
  expect(reported).not.toContain('mtrr');
});

test.each([
  ['0-3', [0, 1, 2, 3]],
  ['0', [0]],
  ['0-1,8,10-11', [0, 1, 8, 10, 11]],
  ['3-0', null],
  ['0-99999999999', null],
  ['a-b', null],
  ['', null],
])('the list %j names %j', (text, members) => {
  expect(listMembers(text)).toEqual(members);
});
