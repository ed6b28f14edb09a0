import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unrestrained, type Restraint } from './parts';

/** So many files are done on battery too: what a person saved just now must be found. */
const fewFiles = 100;

/** Share of the last ten seconds in which somebody waited for a processor, in percent, from which others go first. */
const busyPercent = 50;
const veryBusyPercent = 80;

/** Where the kernel tells; other paths in tests. */
export interface Sources {
  power: string;
  pressure: string;
}

const kernel: Sources = { power: '/sys/class/power_supply', pressure: '/proc/pressure/cpu' };

const text = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

/** Whether the machine runs from a battery: one discharges and no mains are there. */
export async function onBattery(folder: string): Promise<boolean> {
  const supplies = await readdir(folder).catch(() => [] as string[]);
  let discharging = false;
  for (const supply of supplies) {
    const type = (await text(join(folder, supply, 'type'))).trim();
    if ((await text(join(folder, supply, 'scope'))).trim() === 'Device') continue;
    if (type === 'Mains' && (await text(join(folder, supply, 'online'))).trim() === '1') return false;
    if (type === 'Battery' && (await text(join(folder, supply, 'status'))).trim() === 'Discharging') {
      discharging = true;
    }
  }
  return discharging;
}

/** Percent of the last ten seconds in which a task waited for a processor; 0 where the kernel does not count (PSI). */
export async function processorPressure(path: string): Promise<number> {
  return Number(/^some avg10=([\d.]+)/.exec(await text(path))?.[1] ?? 0);
}

/**
 * Whether indexing holds back: on battery all but a few files wait; while programs wait for a processor each file is
 * followed by a rest.
 *
 * @param pending files that wait
 */
export async function restraint(pending: number, sources: Sources = kernel): Promise<Restraint> {
  if (pending > fewFiles && (await onBattery(sources.power))) {
    return { wait: 'the computer is running on battery', rest: 0 };
  }
  const pressure = await processorPressure(sources.pressure);
  if (pressure >= veryBusyPercent) return { wait: null, rest: 100 };
  if (pressure >= busyPercent) return { wait: null, rest: 20 };
  return unrestrained;
}
