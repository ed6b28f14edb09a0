import type { CgroupLimits } from '../limits/cgroup';

/** One process in a sandbox of its own: a model's worker, or a short job on a model's file. */
export interface Job {
  /** Unit instance and folder name: a model's id, or `<id>_fit`, `<id>_bench` (no id holds an underscore). */
  instance: string;
  /** Environment of bin/worker. */
  environment: Record<string, string>;
  /** Folder of the model, all of the disk that the job may read besides programs and libraries. */
  modelPath: string;
  memoryMax: number;
  /** Whether GPU devices are visible in the sandbox. */
  gpu: boolean;
}

/** How a process ended. */
export interface Ending {
  kind: 'success' | 'exit' | 'signal' | 'out-of-memory' | 'other';
  /** Exit status, or the signal without SIG: `1`, `ILL`. */
  status: string | null;
}

export interface Running {
  pid: number | null;
  /** Opaque to all but the launcher. */
  handle: string;
}

/**
 * Starts sandboxed processes: by systemd, or by bubblewrap where there is none. All else is the same above it.
 *
 * `instance` and `gpu` name a process; each instance has the folder `folder(instance)`, where the process may write
 * and whose `worker.sock`, `log` and `out` are read from here.
 */
export interface Launcher {
  readonly name: 'systemd' | 'bubblewrap';
  folder(instance: string): string;
  /** Start, or start again; resolves when the process runs, not when it is ready. */
  start(job: Job): Promise<Running>;
  stop(instance: string, gpu: boolean): Promise<void>;
  /** Whether it still runs; cheap enough to be asked 50 times a second. */
  alive(running: Running): boolean;
  /** How the last process of this name ended; null while it runs or if there was none. */
  ending(instance: string, gpu: boolean): Promise<Ending | null>;
  /** A process of this name that runs now, started by an engine before this one. */
  find(instance: string, gpu: boolean): Promise<Running | null>;
  /** Bytes that it holds; null where unknown. */
  residentBytes(running: Running): number | null;
  /** Microseconds of CPU that it has used; null where unknown. */
  cpuMicroseconds(running: Running): number | null;
  /** Limits of the cgroups that its processes run in. */
  limits(): Promise<CgroupLimits>;
}
