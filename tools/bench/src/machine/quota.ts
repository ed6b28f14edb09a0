import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const mount = '/sys/fs/cgroup/cpu';
const periodMicroseconds = 100_000;

/** The folder of a process's own cpu cgroup. */
function folderOf(pid: number | 'self'): string {
  const path = /^\d+:cpu(?:,[^:]*)?:(\/.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '/';
  return join(mount, path);
}

/** Whether this machine has cgroup v1's cpu controller, where quotas can be set without systemd's knowledge. */
export const canSetQuota = (): boolean => existsSync(join(mount, 'cpu.cfs_quota_us'));

const made = new Set<CpuQuota>();
process.on('exit', () => {
  for (const quota of made) quota.remove();
});

/**
 * A cgroup of our own whose processes get no more CPU time than a quota: what systemd's CPUQuota= sets. It is gone when
 * the bench ends, however it ends.
 */
export class CpuQuota {
  readonly #folder: string;
  /** Where each process came from. */
  readonly #before = new Map<number, string>();

  /** @param percent of one CPU's time */
  constructor(percent: number) {
    this.#folder = join(folderOf('self'), `nanite-bench-${process.pid}-${Date.now()}`);
    mkdirSync(this.#folder);
    made.add(this);
    writeFileSync(join(this.#folder, 'cpu.cfs_period_us'), String(periodMicroseconds));
    writeFileSync(join(this.#folder, 'cpu.cfs_quota_us'), String((percent / 100) * periodMicroseconds));
  }

  /** What to put before a command so that it runs under the quota. */
  get command(): string[] {
    return ['sh', '-c', 'echo $$ >"$1" && shift && exec "$@"', 'quota', join(this.#folder, 'cgroup.procs')];
  }

  /** Put a process, with all its threads, under the quota. */
  add(pid: number): void {
    this.#before.set(pid, folderOf(pid));
    writeFileSync(join(this.#folder, 'cgroup.procs'), String(pid));
  }

  /** Let a process go back to where it was. */
  release(pid: number): void {
    const before = this.#before.get(pid);
    this.#before.delete(pid);
    if (before !== undefined && existsSync(`/proc/${pid}`))
      writeFileSync(join(before, 'cgroup.procs'), String(pid));
  }

  /** Let all go, and remove the cgroup. */
  remove(): void {
    made.delete(this);
    for (const pid of [...this.#before.keys()]) this.release(pid);
    for (let i = 0; existsSync(this.#folder); i++) {
      try {
        rmdirSync(this.#folder);
      } catch (error) {
        // A process that was killed stays in it for a moment.
        if ((error as NodeJS.ErrnoException).code !== 'EBUSY' || i === 50) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      }
    }
  }
}
