import { HardwareReport } from '@nanite/contracts';
import { runtimeDir } from '@nanite/kit';
import { readFile } from 'node:fs/promises';
import { fail, pass, skip, warn, type Check, type Verdict } from '../check';
import { hasUnit } from '../system';

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** What a person who reads a bug report wants to know of the machine. */
export function describeHardware(report: HardwareReport): Verdict {
  const { cpu, memory, gpus, advice } = report;
  const cards = gpus.map(({ name, works }) => `${name} (${works.join(', ') || 'not used'})`);
  const detail = [
    `${cpu.model}, ${cpu.threads} threads, x86-64-v${cpu.level}`,
    `${gibibytes(memory.totalBytes)}, of which models may take ${gibibytes(memory.modelBudgetBytes)}`,
    cards.length === 0 ? 'no GPU' : cards.join(', '),
  ].join('; ');
  const data = {
    threads: cpu.threads,
    level: cpu.level,
    memoryBytes: memory.totalBytes,
    modelBudgetBytes: memory.modelBudgetBytes,
    gpus: gpus.length,
    recommended: report.recommended,
  };
  const serious = advice.find(({ severity }) => severity === 'error');
  if (serious === undefined) return pass(detail, data);
  const hint = serious.install.length > 0 ? `sudo apt install ${serious.install.join(' ')}` : 'nanite gpu';
  return warn(`${detail}\n${serious.message}`, hint, data);
}

export const hardware: Check = {
  id: 'hardware',
  title: 'Hardware',
  side: 'machine',
  seconds: 30,
  quick: true,
  run: async (signal) => {
    if (!hasUnit('nanite-gpu-detect.service')) return skip('nanite-gpu-detect is not installed');
    const file = `${runtimeDir()}/hardware.json`;
    let text: string;
    try {
      text = await readFile(file, { encoding: 'utf8', signal });
    } catch (error) {
      signal.throwIfAborted();
      return fail(`there is no ${file}: ${String(error)}`, 'sudo systemctl restart nanite-gpu-detect');
    }
    const report = HardwareReport.safeParse(JSON.parse(text));
    if (!report.success) return fail(`${file} is not a report that we know`, 'sudo apt upgrade');
    return describeHardware(report.data);
  },
};
