import { expect, test } from 'vitest';
import { compareVersions, nvidiaGeneration, oldestDriver } from './nvidia-generations';

// Ids and code names as the PCI ID database of 2025-06-09 has them, first and last of each run among them.
test.each<[string, string | null, string]>([
  ['1180', 'old', 'GK104 GeForce GTX 680'],
  ['130b', 'old', 'GK208'],
  ['1340', 'maxwell', 'GM108M GeForce 830M'],
  ['13c2', 'maxwell', 'GM204 GeForce GTX 970'],
  ['15f8', 'pascal', 'GP100GL Tesla P100'],
  ['1617', 'maxwell', 'GM204M GeForce GTX 980M'],
  ['1725', 'pascal', 'GP100'],
  ['17fd', 'maxwell', 'GM200GL Tesla M40'],
  ['1b06', 'pascal', 'GP102 GeForce GTX 1080 Ti'],
  ['1d10', 'pascal', 'GP108M GeForce MX150'],
  ['1d81', 'volta', 'GV100 TITAN V'],
  ['1db1', 'volta', 'Tesla V100'],
  ['1e04', 'turing', 'TU102 GeForce RTX 2080 Ti'],
  ['1eb8', 'turing', 'TU104GL Tesla T4'],
  ['20b2', 'ampere', 'GA100 A100'],
  ['2182', 'turing', 'TU116 GeForce GTX 1660 Ti'],
  ['2204', 'ampere', 'GA102 GeForce RTX 3090'],
  ['2330', 'hopper', 'GH100 H100'],
  ['2342', 'hopper', 'GH200'],
  ['25a2', 'ampere', 'GA107M GeForce RTX 3050 Mobile'],
  ['2684', 'ada', 'AD102 GeForce RTX 4090'],
  ['28e0', 'ada', 'AD107M GeForce RTX 4060 Mobile'],
  ['2901', 'blackwell', 'GB100 B200'],
  ['2b85', 'blackwell', 'GB202 GeForce RTX 5090'],
  ['31c0', 'blackwell', 'GB110'],
  ['ffff', null, 'newer than the table'],
  ['zzzz', null, 'no number'],
])('%s is %s (%s)', (device, generation) => {
  expect(nvidiaGeneration(device)).toBe(generation);
});

test('versions are compared by number, not by letter', () => {
  expect(compareVersions('525.60.13', '525.60.13')).toBe(0);
  expect(compareVersions('525.105.17', '525.60.13')).toBeGreaterThan(0);
  expect(compareVersions('470.256.02', oldestDriver(12))).toBeLessThan(0);
  expect(compareVersions('550.163.01', oldestDriver(13))).toBeLessThan(0);
  expect(compareVersions('580.95.05', oldestDriver(13))).toBeGreaterThan(0);
});
