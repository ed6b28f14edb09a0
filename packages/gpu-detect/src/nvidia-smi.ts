import { execFile } from 'node:child_process';
import { printable, wholeNumber } from './tree';

/** One GPU as nvidia-smi tells it. */
export interface NvidiaSmiGpu {
  /** PCI address in sysfs's form, `0000:01:00.0`. */
  address: string;
  name: string | null;
  vramBytes: number | null;
}

export type NvidiaSmiAnswer =
  | { state: 'ok'; gpus: NvidiaSmiGpu[] }
  /** It said no: the driver does not answer it, or is of another version. */
  | { state: 'failed'; message: string }
  /** It did not come back: a GPU that hangs in the driver. */
  | { state: 'timeout' };

/** Where packages, WSL and Kubernetes' device plugin put it. */
export const nvidiaSmiPrograms = [
  '/usr/bin/nvidia-smi',
  '/usr/lib/wsl/lib/nvidia-smi',
  '/usr/local/nvidia/bin/nvidia-smi',
];

const query = ['--query-gpu=pci.bus_id,memory.total,name', '--format=csv,noheader,nounits'];

/** Lines such as `00000000:01:00.0, 24576, NVIDIA GeForce RTX 3090`; memory in MiB, `[N/A]` where it is the system's. */
export function parseNvidiaSmi(output: string): NvidiaSmiGpu[] {
  const found: NvidiaSmiGpu[] = [];
  for (const line of output.split('\n').slice(0, 256)) {
    const [, domain, rest, memory, name] =
      /^\s*([0-9a-f]{4,8}):([0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\s*,([^,]*),(.*)$/i.exec(line) ?? [];
    if (domain === undefined || rest === undefined) continue;
    const mebibytes = wholeNumber(memory?.trim());
    found.push({
      address: `${domain.slice(-4)}:${rest}`.toLowerCase(),
      name: printable(name),
      vramBytes: mebibytes === null || mebibytes > 2 ** 32 ? null : mebibytes * 2 ** 20,
    });
  }
  return found;
}

/**
 * Asks nvidia-smi, for the memory size that NVIDIA's driver shows in no file, and for whether the driver answers.
 *
 * A process that hangs inside a broken driver cannot be killed, so this stops waiting after `timeoutMs` whatever
 * becomes of it.
 */
export function askNvidiaSmi(program: string, timeoutMs = 5000): Promise<NvidiaSmiAnswer> {
  return new Promise((resolve) => {
    const child = execFile(
      program,
      query,
      { maxBuffer: 1 << 20, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } },
      (error, stdout) => {
        clearTimeout(timer);
        if (error === null) return resolve({ state: 'ok', gpus: parseNvidiaSmi(stdout) });
        // It explains itself on standard output, and in the first line.
        const said = printable(stdout.split('\n').find((line) => line.trim() !== ''));
        resolve({ state: 'failed', message: said ?? printable(error.message) ?? 'no reason given' });
      },
    );
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.unref();
      resolve({ state: 'timeout' });
    }, timeoutMs);
  });
}
