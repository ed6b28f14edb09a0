import type { ReadFile } from './files';

/** Ticks of all processors since boot (proc_stat(5)). */
export interface CpuTicks {
  busy: number;
  total: number;
}

export function cpuTicks(read: ReadFile): CpuTicks | null {
  const fields = /^cpu +(.*)$/m
    .exec(read('/proc/stat') ?? '')?.[1]
    ?.split(' ')
    .map(Number);
  if (!fields || fields.length < 5) return null;
  // guest and guest_nice are part of user and nice already.
  const total = fields.slice(0, 8).reduce((sum, ticks) => sum + ticks, 0);
  return { busy: total - (fields[3] ?? 0) - (fields[4] ?? 0), total };
}

/** Share of the processors' time that was used between two readings, 0 to 1. */
export function busyShare(before: CpuTicks, after: CpuTicks): number {
  return (after.busy - before.busy) / Math.max(1, after.total - before.total);
}

/** Bytes that programs can get without swapping (MemAvailable); null where unknown. */
export function availableMemory(read: ReadFile): number | null {
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(read('/proc/meminfo') ?? '')?.[1];
  return kib === undefined ? null : Number(kib) * 1024;
}
