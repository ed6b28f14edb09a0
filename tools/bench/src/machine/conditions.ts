import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';

/** Where and when something was measured. */
export interface Conditions {
  date: string;
  command: string;
  cpu: string;
  cpus: number;
  memoryBytes: number;
  kernel: string;
  node: string;
  system: string;
  /** Load average of the minute before; above 0.5, something else ran. */
  loadBefore: number;
}

export function conditions(command: string): Conditions {
  const all = cpus();
  return {
    date: new Date().toISOString(),
    command,
    cpu: all[0]?.model.trim() ?? 'unknown',
    cpus: all.length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    system: /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown',
    loadBefore: loadavg()[0] ?? 0,
  };
}
