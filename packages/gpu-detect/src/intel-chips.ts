/** What a device id of vendor 8086 says. */
export interface IntelChip {
  generation: string;
  integrated: boolean;
  /** Memory of the cards sold under this id, in GiB, where all have the same; null where not known. */
  vramGiB: number | null;
}

type Run = readonly [first: number, last: number, generation: string, discrete?: 'card'];

/**
 * From Skylake on, whose Vulkan driver (Mesa's ANV) is maintained.
 * Source: code names in the PCI ID database of 2025-06-09.
 */
const runs: readonly Run[] = [
  [0x0b69, 0x0b6e, 'xe-hpc', 'card'], // Ponte Vecchio
  [0x0bd0, 0x0bdb, 'xe-hpc', 'card'],
  [0x1900, 0x193f, 'gen9'], // Skylake
  [0x3184, 0x3185, 'gen9'], // Gemini Lake
  [0x3e90, 0x3eaf, 'gen9'], // Coffee Lake, Whiskey Lake
  [0x4541, 0x4571, 'gen11'], // Elkhart Lake
  [0x4626, 0x46df, 'xe-lp'], // Alder Lake
  [0x4905, 0x4909, 'xe-lp', 'card'], // DG1
  [0x4c80, 0x4c9f, 'xe-lp'], // Rocket Lake
  [0x4e51, 0x4e71, 'gen11'], // Jasper Lake
  [0x4f80, 0x4f8c, 'xe-hpg', 'card'],
  [0x5690, 0x56df, 'xe-hpg', 'card'], // Alchemist, Flex
  [0x5900, 0x593f, 'gen9'], // Kaby Lake
  [0x5a80, 0x5a8f, 'gen9'], // Apollo Lake
  [0x6420, 0x64bf, 'xe2-lpg'], // Lunar Lake
  [0x7d40, 0x7dff, 'xe-lpg'], // Meteor Lake, Arrow Lake
  [0x87c0, 0x87cf, 'gen9'],
  [0x8a50, 0x8a7f, 'gen11'], // Ice Lake
  [0x9840, 0x9841, 'gen11'], // Lakefield
  [0x9a40, 0x9aff, 'xe-lp'], // Tiger Lake
  [0x9b20, 0x9bff, 'gen9'], // Comet Lake
  [0xa720, 0xa721, 'xe-lp'], // Raptor Lake
  [0xa780, 0xa7ff, 'xe-lp'],
  [0xb080, 0xb0bf, 'xe3-lpg'], // Panther Lake
  [0xb640, 0xb640, 'xe-lpg'], // Arrow Lake-H
  [0xe200, 0xe2ff, 'xe2-hpg', 'card'], // Battlemage
];

/** i915 does not tell the size; xe does. Source: Intel's product pages. The A770 (56a0) has 8 or 16. */
const vram: Readonly<Record<string, number>> = {
  '5690': 16,
  '5691': 12,
  '5692': 8,
  '5693': 4,
  '5694': 4,
  '56a1': 8,
  '56a2': 8,
  '56a5': 6,
  '56a6': 4,
  '56c0': 16,
  '56c1': 6,
  e20b: 12,
  e20c: 10,
};

/** Null where the id is unknown: before Skylake, or newer than the table. */
export function intelChip(device: string): IntelChip | null {
  const id = Number.parseInt(device, 16);
  const run = runs.find(([first, last]) => id >= first && id <= last);
  if (run === undefined) return null;
  return { generation: run[2], integrated: run[3] === undefined, vramGiB: vram[device] ?? null };
}
