/** Generations from the first that CUDA 12 and Debian 13's driver serve; what is older is `old`. */
export type NvidiaGeneration =
  'old' | 'maxwell' | 'pascal' | 'volta' | 'turing' | 'ampere' | 'hopper' | 'ada' | 'blackwell';

/**
 * First device id of each run of ids of one generation, ascending.
 * Source: the code names (GM, GP, GV, TU, GA, GH, AD, GB) in the PCI ID database of 2025-06-09.
 */
const runs: readonly (readonly [number, NvidiaGeneration])[] = [
  [0x0000, 'old'],
  [0x1340, 'maxwell'],
  [0x15c0, 'pascal'],
  [0x1600, 'maxwell'],
  [0x1700, 'pascal'],
  [0x1740, 'maxwell'],
  [0x1b00, 'pascal'],
  [0x1d80, 'volta'],
  [0x1e00, 'turing'],
  [0x2080, 'ampere'],
  [0x2180, 'turing'],
  [0x2200, 'ampere'],
  [0x2300, 'hopper'],
  [0x2400, 'ampere'],
  [0x2600, 'ada'],
  [0x2900, 'blackwell'],
];

/** Ids above are newer than this table. */
const end = 0x3500;

/** Generation of a device id of vendor 10de; null where it is newer than the table. */
export function nvidiaGeneration(device: string): NvidiaGeneration | null {
  const id = Number.parseInt(device, 16);
  if (!(id < end)) return null;
  return runs.findLast(([first]) => id >= first)?.[1] ?? null;
}

/** First driver branch that knows a generation. Source: supported products in NVIDIA's release notes. */
export const firstDriver: Readonly<Record<NvidiaGeneration, number>> = {
  old: 0,
  maxwell: 340,
  pascal: 367,
  volta: 384,
  turing: 410,
  ampere: 450,
  hopper: 525,
  ada: 525,
  blackwell: 570,
};

/** Driver branch 580 is the last that knows Maxwell, Pascal and Volta. */
export const lastDriverBeforeTuring = 580;
/** Branch of the nvidia-driver package in Debian 13. */
export const debianDriver = 550;

/** True for Maxwell, Pascal and Volta: no CUDA 13, no open kernel module. */
export const beforeTuring = (generation: NvidiaGeneration | null): boolean =>
  generation === 'maxwell' || generation === 'pascal' || generation === 'volta';

/**
 * Oldest driver for programs built with a CUDA major version.
 * Source: NVIDIA, "CUDA Compatibility", table of minor version compatibility.
 */
export function oldestDriver(cudaMajor: number): string {
  if (cudaMajor >= 13) return '580.65.06';
  return cudaMajor === 12 ? '525.60.13' : '450.80.02';
}

/** Negative, zero or positive as `a` is older than, equal to or newer than `b`; numbers between dots. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
