import { posix } from 'node:path';
import type { ReadFile } from './files';

/** Limits of the cgroups that a process is in, the tightest of the whole chain; null: no limit. */
export interface CgroupLimits {
  /** CPUs' worth of time, such as 1.5. */
  cpuQuota: number | null;
  memoryBytes: number | null;
}

/** A v1 limit beyond this is "no limit": the kernel rounds 2^63-1 down to whole pages. */
const v1Unlimited = 2 ** 60;

/**
 * What cgroup v1 and v2 allow, from /proc/self/cgroup and the files it leads to (cgroups(7)).
 *
 * A limit on any ancestor holds, so the chain is walked up to the mount. Inside a container /proc/self/cgroup may name
 * a path of the host that does not exist here; the mount's own files are then what counts.
 * @param of path of the `cgroup` file of the process concerned
 */
export function cgroupLimits(read: ReadFile, of = '/proc/self/cgroup'): CgroupLimits {
  const limits: CgroupLimits = { cpuQuota: null, memoryBytes: null };
  for (const line of (read(of) ?? '').split('\n')) {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    if (!match) continue;
    const [, controllers = '', path = '/'] = match;
    if (controllers === '') {
      tighten(limits, unifiedLimits(read, path));
      continue;
    }
    for (const controller of controllers.split(',')) {
      if (controller === 'cpu') tighten(limits, legacyCpu(read, controllers, path));
      if (controller === 'memory') tighten(limits, legacyMemory(read, path));
    }
  }
  return limits;
}

/** The limits of a cgroup v2 path, such as `/nanite.slice/nanite-models.slice`, and of all above it. */
export function unifiedLimits(read: ReadFile, path: string, mount = '/sys/fs/cgroup'): CgroupLimits {
  const limits: CgroupLimits = { cpuQuota: null, memoryBytes: null };
  for (const folder of upwards(mount, path)) {
    const [quota, period] = (read(`${folder}/cpu.max`) ?? '').trim().split(' ');
    if (quota !== undefined && /^\d+$/.test(quota)) {
      tighten(limits, { cpuQuota: Number(quota) / Number(period ?? 100_000), memoryBytes: null });
    }
    const memory = (read(`${folder}/memory.max`) ?? '').trim();
    if (/^\d+$/.test(memory)) tighten(limits, { cpuQuota: null, memoryBytes: Number(memory) });
  }
  return limits;
}

function legacyCpu(read: ReadFile, controllers: string, path: string): CgroupLimits {
  let cpuQuota: number | null = null;
  for (const mount of [`/sys/fs/cgroup/${controllers}`, '/sys/fs/cgroup/cpu']) {
    for (const folder of upwards(mount, path)) {
      const quota = Number(read(`${folder}/cpu.cfs_quota_us`) ?? Number.NaN);
      const period = Number(read(`${folder}/cpu.cfs_period_us`) ?? Number.NaN);
      if (quota > 0 && period > 0) cpuQuota = Math.min(cpuQuota ?? Infinity, quota / period);
    }
  }
  return { cpuQuota, memoryBytes: null };
}

function legacyMemory(read: ReadFile, path: string): CgroupLimits {
  let memoryBytes: number | null = null;
  for (const folder of upwards('/sys/fs/cgroup/memory', path)) {
    const limit = Number(read(`${folder}/memory.limit_in_bytes`) ?? Number.NaN);
    if (limit > 0 && limit < v1Unlimited) memoryBytes = Math.min(memoryBytes ?? Infinity, limit);
  }
  return { cpuQuota: null, memoryBytes };
}

function upwards(mount: string, path: string): string[] {
  const folders: string[] = [];
  for (let at = posix.normalize(path); ; at = posix.dirname(at)) {
    folders.push(at === '/' ? mount : `${mount}${at}`);
    if (at === '/' || at === '.' || at.startsWith('/..')) break;
  }
  if (!folders.includes(mount)) folders.push(mount);
  return folders;
}

/** Lower `limits` to whatever is tighter in `other`. */
export function tighten(limits: CgroupLimits, other: CgroupLimits): void {
  limits.cpuQuota = least(limits.cpuQuota, other.cpuQuota);
  limits.memoryBytes = least(limits.memoryBytes, other.memoryBytes);
}

function least(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.min(a, b);
}
