import type { CgroupLimits } from './cgroup';
import type { ReadFile } from './files';

/** CPUs that a process may really use. */
export interface CpuLimits {
  /** Logical processors in its affinity mask. */
  allowed: number;
  /** Physical cores among them. */
  cores: number;
  /** CPUs' worth of time that its cgroups give; null: no quota. */
  quota: number | null;
}

/** Numbers of a kernel list such as `0-3,8,10-11`. */
export function parseCpuList(text: string): number[] {
  const cpus: number[] = [];
  for (const part of text.trim().split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (!match) continue;
    const first = Number(match[1]);
    const last = Number(match[2] ?? first);
    for (let cpu = first; cpu <= last; cpu++) cpus.push(cpu);
  }
  return cpus;
}

/**
 * The CPUs in a process's affinity mask and the physical cores they make.
 *
 * @param cgroup its cgroups' limits
 * @param status path of its `status` file
 * @param fallback logical processors to assume where /proc does not tell
 */
export function cpuLimits(
  read: ReadFile,
  cgroup: CgroupLimits,
  fallback: number,
  status = '/proc/self/status',
): CpuLimits {
  const list = /^Cpus_allowed_list:\s*(.*)$/m.exec(read(status) ?? '')?.[1] ?? '';
  const online = parseCpuList(read('/sys/devices/system/cpu/online') ?? '');
  // A mask may name processors that do not exist here (containers).
  const allowed = parseCpuList(list).filter((cpu) => online.length === 0 || online.includes(cpu));
  if (allowed.length === 0) return { allowed: fallback, cores: fallback, quota: cgroup.cpuQuota };
  const cores = new Set(
    allowed.map((cpu) => {
      const siblings = read(`/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`);
      return siblings === null ? `cpu${cpu}` : siblings.trim();
    }),
  );
  return { allowed: allowed.length, cores: cores.size, quota: cgroup.cpuQuota };
}

/**
 * Most threads that can run at once: ggml's threads spin at barriers, so one more than that stalls all the others
 * (measured: a factor of 10 to 300). A quota of 1.5 CPUs is one thread: two would spend half of each period throttled.
 */
export function mostThreads({ allowed, quota }: CpuLimits): number {
  return Math.max(1, quota === null ? allowed : Math.min(allowed, Math.floor(quota + 0.05)));
}
