/** What a device id of vendor 1002 says. `gfx` is the name that compilers and ROCm use. */
export interface AmdChip {
  generation: string;
  gfx: string;
  /** Part of a processor, using the system's memory. */
  integrated: boolean;
}

type Run = readonly [first: number, last: number, generation: string, gfx: string, integrated?: true];

/**
 * Sources: code names in the PCI ID database of 2025-06-09; gfx names from LLVM's "User Guide for AMDGPU Backend" and
 * the kernel's ip discovery.
 */
const runs: readonly Run[] = [
  [0x1114, 0x1114, 'rdna3.5', 'gfx1152', true], // Krackan Point
  [0x1304, 0x131d, 'gcn', 'gfx700', true], // Kaveri
  [0x13c0, 0x13c0, 'rdna2', 'gfx1036', true], // Granite Ridge
  [0x1506, 0x1506, 'rdna2', 'gfx1037', true], // Mendocino
  [0x150e, 0x150e, 'rdna3.5', 'gfx1150', true], // Strix Point
  [0x1586, 0x1586, 'rdna3.5', 'gfx1151', true], // Strix Halo
  [0x15bf, 0x15bf, 'rdna3', 'gfx1103', true], // Phoenix
  [0x15c8, 0x15c8, 'rdna3', 'gfx1103', true],
  [0x15d8, 0x15d8, 'vega', 'gfx902', true], // Picasso, Raven 2
  [0x15dd, 0x15dd, 'vega', 'gfx902', true], // Raven Ridge
  [0x15e7, 0x15e7, 'vega', 'gfx90c', true], // Barcelo
  [0x1636, 0x1638, 'vega', 'gfx90c', true], // Renoir, Cezanne
  [0x163f, 0x163f, 'rdna2', 'gfx1033', true], // Van Gogh
  [0x164c, 0x164c, 'vega', 'gfx90c', true], // Lucienne
  [0x164d, 0x164d, 'rdna2', 'gfx1035', true], // Rembrandt
  [0x164e, 0x164e, 'rdna2', 'gfx1036', true], // Raphael
  [0x164f, 0x164f, 'rdna3', 'gfx1103', true],
  [0x1681, 0x1681, 'rdna2', 'gfx1035', true],
  [0x1900, 0x1901, 'rdna3', 'gfx1103', true], // Hawk Point
  [0x66a0, 0x66af, 'vega', 'gfx906'], // Vega 20: MI50, Radeon VII
  [0x67c0, 0x67ff, 'polaris', 'gfx803'],
  [0x6860, 0x687f, 'vega', 'gfx900'], // Vega 10
  [0x694c, 0x694f, 'polaris', 'gfx803'],
  [0x6980, 0x699f, 'polaris', 'gfx803'],
  [0x69a0, 0x69af, 'vega', 'gfx904'],
  [0x6fdf, 0x6fdf, 'polaris', 'gfx803'],
  [0x7310, 0x731f, 'rdna1', 'gfx1010'],
  [0x7340, 0x734f, 'rdna1', 'gfx1012'],
  [0x7360, 0x7362, 'rdna1', 'gfx1011'],
  [0x7388, 0x738e, 'cdna1', 'gfx908'], // MI100
  [0x73a0, 0x73bf, 'rdna2', 'gfx1030'],
  [0x73c0, 0x73df, 'rdna2', 'gfx1031'],
  [0x73e0, 0x73ef, 'rdna2', 'gfx1032'],
  [0x73f0, 0x73f0, 'rdna3', 'gfx1102'],
  [0x73ff, 0x73ff, 'rdna2', 'gfx1032'],
  [0x7408, 0x740f, 'cdna2', 'gfx90a'], // MI210, MI250
  [0x7420, 0x743f, 'rdna2', 'gfx1034'],
  [0x7440, 0x745f, 'rdna3', 'gfx1100'],
  [0x7460, 0x747f, 'rdna3', 'gfx1101'],
  [0x7480, 0x749f, 'rdna3', 'gfx1102'],
  [0x74a0, 0x74a0, 'cdna3', 'gfx942', true], // MI300A shares its memory with its own processor
  [0x74a1, 0x74bd, 'cdna3', 'gfx942'], // MI300X, MI325X
  [0x7550, 0x755f, 'rdna4', 'gfx1201'],
  [0x7590, 0x759f, 'rdna4', 'gfx1200'],
  [0x75a0, 0x75bf, 'cdna4', 'gfx950'], // MI350X
  [0x9870, 0x9877, 'gcn', 'gfx801', true], // Carrizo
  [0x98e4, 0x98e4, 'gcn', 'gfx810', true], // Stoney
];

/** Null where the id is unknown: older than Polaris, or newer than the table. */
export function amdChip(device: string): AmdChip | null {
  const id = Number.parseInt(device, 16);
  const run = runs.find(([first, last]) => id >= first && id <= last);
  return run === undefined ? null : { generation: run[2], gfx: run[3], integrated: run[4] ?? false };
}

/** Generation of a gfx name that the kernel told, for chips newer than the table; null where unknown. */
export function amdGeneration(gfx: string): string | null {
  if (/^gfx(908)$/.test(gfx)) return 'cdna1';
  if (gfx === 'gfx90a') return 'cdna2';
  if (/^gfx94/.test(gfx)) return 'cdna3';
  if (/^gfx95/.test(gfx)) return 'cdna4';
  if (/^gfx9/.test(gfx)) return 'vega';
  if (/^gfx8/.test(gfx)) return 'polaris';
  if (/^gfx101/.test(gfx)) return 'rdna1';
  if (/^gfx103/.test(gfx)) return 'rdna2';
  if (/^gfx115/.test(gfx)) return 'rdna3.5';
  if (/^gfx110/.test(gfx)) return 'rdna3';
  if (/^gfx12/.test(gfx)) return 'rdna4';
  return null;
}

/**
 * GPUs for which ROCm's libraries carry kernels (rocBLAS's list, ROCm 5.5 to 7): the others need tricks that we do not
 * play on a person's machine.
 */
export const rocmServes = (gfx: string): boolean =>
  /^gfx(900|906|908|90a|942|950|1030|1100|1101|1102|1150|1151|1200|1201)$/.test(gfx);

/** Those that Debian 13's ROCm 5 does not know yet. Source: rocblas 5.5.1+dfsg-7. */
export const rocmTooOldInDebian = (gfx: string): boolean => /^gfx(94|95|115|12)/.test(gfx);
