import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { runProgram } from './program';
import type { SelfCheckReport } from './report';

const text = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

/** Whether the kernel was told to start from a live medium, as Debian's live-boot has it. */
export const isLive = (cmdline = text('/proc/cmdline')): boolean => /(^|\s)boot=live(\s|$)/.test(cmdline);

/** Whether a socket unit is installed, enabled or not. */
export const hasUnit = (name: string, side: 'system' | 'user' = 'system'): boolean =>
  existsSync(`/usr/lib/systemd/${side}/${name}`);

export async function describeSystem(signal: AbortSignal): Promise<SelfCheckReport['system']> {
  const name = /^PRETTY_NAME="?(.*?)"?$/m.exec(text('/etc/os-release'))?.[1] ?? 'unknown';
  const virtualisation = (await runProgram(['systemd-detect-virt'], signal))?.stdout.trim();
  return { name, kernel: release(), live: isLive(), virtualisation: virtualisation || 'none' };
}
