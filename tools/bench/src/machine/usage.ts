import { readFileSync, readdirSync } from 'node:fs';

/** Ticks of proc_pid_stat(5) in a second: USER_HZ, 100 on every Linux that Debian builds. */
const ticksPerSecond = 100;

const read = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
};

/** A process and all below it. */
export function family(pid: number): number[] {
  const threads = (() => {
    try {
      return readdirSync(`/proc/${pid}/task`);
    } catch {
      return null;
    }
  })();
  if (threads === null) return [];
  const children = threads.flatMap((thread) =>
    (read(`/proc/${pid}/task/${thread}/children`) ?? '').trim().split(' ').filter(Boolean),
  );
  return [pid, ...children.flatMap((child) => family(Number(child)))];
}

const kibField = (pid: number, file: string, field: string): number =>
  Number(new RegExp(`^${field}:\\s*(\\d+) kB$`, 'm').exec(read(`/proc/${pid}/${file}`) ?? '')?.[1] ?? 0) *
  1024;

/** Bytes. */
export interface Memory {
  /** Resident set, shared pages counted in every process that maps them. */
  rss: number;
  /** Proportional set: shared pages divided among those that map them. */
  pss: number;
  /** Highest resident set so far. */
  peakRss: number;
}

/** What processes hold, added up. */
export function memoryOf(pids: Iterable<number>): Memory {
  const sum: Memory = { rss: 0, pss: 0, peakRss: 0 };
  for (const pid of pids) {
    sum.rss += kibField(pid, 'status', 'VmRSS');
    sum.peakRss += kibField(pid, 'status', 'VmHWM');
    sum.pss += kibField(pid, 'smaps_rollup', 'Pss');
  }
  return sum;
}

/** CPU seconds, user and system, that processes have used. Resolution 10 ms. */
export function cpuSecondsOf(pids: Iterable<number>): number {
  let ticks = 0;
  for (const pid of pids) {
    // After the command, which may hold anything: fields 14 and 15.
    const fields = (read(`/proc/${pid}/stat`) ?? '').replace(/^.*\) /s, '').split(' ');
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  }
  return ticks / ticksPerSecond;
}
