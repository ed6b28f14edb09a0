import { readdir, readFile } from 'node:fs/promises';
import { fail, pass, warn, type Check } from '../check';

/** What our processes hold, in bytes; `services` without `workers`, which hold models. */
export interface Held {
  services: number;
  workers: number;
  /** Bytes by unit, the largest first. */
  units: Array<[unit: string, bytes: number]>;
  /** Memory that several processes share counted in parts (PSS), or, without root, with each of them (RSS). */
  shared: 'parts' | 'each';
}

/** Our unit in /proc/PID/cgroup, which has a line for each hierarchy; null for a process that is not ours. */
export function unitOf(cgroup: string): string | null {
  const unit = cgroup
    .split('\n')
    .map((line) => line.split('/').findLast((part) => part.endsWith('.service')))
    .find((name) => name?.startsWith('nanite-'));
  return unit === undefined || unit.startsWith('nanite-selfcheck') ? null : unit;
}

const kib = (text: string, key: string): number | null => {
  const found = new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)?.[1];
  return found === undefined ? null : Number(found) * 1024;
};

/** Look at all processes; those that end meanwhile, or may not be looked at, are left out. */
export async function heldByUs(proc = '/proc'): Promise<Held> {
  const read = (path: string) => readFile(path, 'utf8').catch(() => '');
  const byUnit = new Map<string, number>();
  let shared: Held['shared'] = 'parts';
  for (const pid of (await readdir(proc)).filter((name) => /^\d+$/.test(name))) {
    const unit = unitOf(await read(`${proc}/${pid}/cgroup`));
    if (unit === null) continue;
    let bytes = kib(await read(`${proc}/${pid}/smaps_rollup`), 'Pss');
    if (bytes === null) {
      bytes = kib(await read(`${proc}/${pid}/status`), 'VmRSS');
      if (bytes !== null) shared = 'each';
    }
    byUnit.set(unit, (byUnit.get(unit) ?? 0) + (bytes ?? 0));
  }
  const units = [...byUnit].sort(([, a], [, b]) => b - a);
  const sum = (wanted: boolean) =>
    units.reduce((total, [unit, bytes]) => total + (isWorker(unit) === wanted ? bytes : 0), 0);
  return { services: sum(false), workers: sum(true), units, shared };
}

/** `nanite-model@<id>`, on the processor or a GPU; not `nanite-models`. */
const isWorker = (unit: string): boolean => /^nanite-model(-gpu)?@/.test(unit);

const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20).toLocaleString('en')} MiB`;

/** Below this a desktop begins to push programs out. */
const little = 150e6;

/** What all our services together may take while no model is loaded (issue "The first image"). */
const mostAtRest = 200e6;

/**
 * @param before what was held before anything was asked
 */
export const memory = (before: () => Promise<Held>): Check => ({
  id: 'memory',
  title: 'Memory',
  side: 'machine',
  seconds: 30,
  quick: true,
  run: async () => {
    const meminfo = await readFile('/proc/meminfo', 'utf8');
    const total = kib(meminfo, 'MemTotal') ?? 0;
    const available = kib(meminfo, 'MemAvailable') ?? 0;
    const atRest = await before();
    const now = await heldByUs();
    const data = {
      totalBytes: total,
      availableBytes: available,
      restBytes: atRest.services,
      restModelBytes: atRest.workers,
      servicesBytes: now.services,
      modelBytes: now.workers,
      sharedInParts: now.shared === 'parts',
    };
    const largest = now.units.map(([unit, bytes]) => `${unit.replace(/\.service$/, '')} ${mebibytes(bytes)}`);
    const said =
      `${mebibytes(available)} free of ${mebibytes(total)}; our services ${mebibytes(atRest.services)} before anything was asked, ` +
      `${mebibytes(now.services)} now, models ${mebibytes(now.workers)}` +
      (largest.length === 0 ? '' : `\n${largest.join(', ')}`);
    if (available === 0)
      return fail(`${said}\nnothing is free`, 'close programs, or nanite models stop NAME', data);
    if (atRest.workers === 0 && atRest.services > mostAtRest) {
      return warn(said, `our services should be below ${mebibytes(mostAtRest)}: report this as a bug`, data);
    }
    if (available < little) return warn(said, 'close programs, or nanite models stop NAME', data);
    return pass(said, data);
  },
});
