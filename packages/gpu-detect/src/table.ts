import wrapAnsi from 'wrap-ansi';
import { styleText } from 'node:util';
import type { Gpu, HardwareAdvice, HardwareReport } from '@nanite/contracts';

export interface TableOptions {
  /** Bold and coloured, for a terminal. */
  colour: boolean;
  /** Columns to wrap at. */
  width: number;
}

/** The report for a person: processor, memory, GPUs, then what to do, most urgent first. */
export function table(report: HardwareReport, { colour, width }: TableOptions): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    colour ? styleText(style, text) : text;
  const rows: string[] = [];
  const row = (title: string, text: string): void => {
    // On a narrow terminal the title stands above its text.
    const indent = width < 60 ? 2 : 14;
    const lines = wrapAnsi(text, Math.max(width - indent, 20), { hard: true }).split('\n');
    const begin = width < 60 ? `${paint('bold', title)}\n  ` : paint('bold', title.padEnd(14));
    rows.push(`${begin}${lines.join(`\n${' '.repeat(indent)}`)}`);
  };
  const { cpu, memory } = report;
  row('Processor', `${cpu.model}: ${processorFacts(cpu)}`);
  row(
    'Memory',
    `${gibibytes(memory.totalBytes)}, ${gibibytes(memory.availableBytes)} available now, ${gibibytes(memory.modelBudgetBytes)} for models`,
  );
  row('Machine', machineFacts(report));
  if (report.gpus.length === 0) row('GPU', 'none');
  for (const gpu of report.gpus) row('GPU', `${gpu.name} (${gpu.id}): ${gpuFacts(gpu)}`);
  row('Recommended', report.recommended ?? 'nothing to install: the CPU is the best option here');
  row('Installed', report.installed.join(', ') || 'none of nanite-cuda, nanite-rocm, nanite-vulkan');
  for (const { advice, gpus } of inOrder(report.advice)) {
    const style = ({ error: 'red', warning: 'yellow', hint: 'cyan' } as const)[advice.severity];
    const where = gpus.length === 0 ? '' : ` (${gpus.join(', ')})`;
    rows.push('', `${paint(style, advice.severity)} ${advice.code}${where}`);
    rows.push(
      ...wrapAnsi(advice.message, Math.max(width - 2, 20), { hard: true })
        .split('\n')
        .map((line) => `  ${line}`),
    );
    if (advice.install.length > 0) {
      rows.push(`  ${paint('bold', `sudo apt install ${advice.install.join(' ')}`)}`);
    }
  }
  return `${rows.join('\n')}\n`;
}

function processorFacts(cpu: HardwareReport['cpu']): string {
  const facts = [
    counted(cpu.cores, 'core'),
    counted(cpu.threads, 'thread'),
    ...(cpu.numaNodes > 1 ? [`${cpu.numaNodes} NUMA nodes`] : []),
    ...(cpu.level > 0 ? [`x86-64-v${cpu.level}`] : []),
  ];
  const extras = cpu.flags.filter((flag) =>
    /^(avx_vnni|avx512_vnni|amx_int8|amx_bf16|avx512_bf16|i8mm|sve)$/.test(flag),
  );
  return [...facts, ...extras].join(', ');
}

function machineFacts(report: HardwareReport): string {
  const kind = report.virtualisation === 'none' ? 'not virtual' : `virtual (${report.virtualisation})`;
  const boot = report.secureBoot === null ? '' : `, Secure Boot ${report.secureBoot ? 'on' : 'off'}`;
  return `${kind}${boot}`;
}

function gpuFacts(gpu: Gpu): string {
  const memory =
    gpu.vramBytes !== null
      ? gibibytes(gpu.vramBytes)
      : gpu.sharedMemory
        ? "shares the system's memory"
        : gpu.supports.length > 0
          ? 'memory not known'
          : null;
  const driver = gpu.driver === null ? 'no driver' : `driver ${gpu.driver} ${gpu.driverVersion ?? ''}`.trim();
  const works = gpu.works.length > 0 ? `works with ${gpu.works.join(' and ')}` : 'not used';
  const could = gpu.supports.filter((backend) => !gpu.works.includes(backend));
  return [gpu.generation, memory, driver, works, could.length > 0 ? `could use ${could.join(' or ')}` : null]
    .filter((fact) => fact !== null)
    .join(', ');
}

/** Most urgent first; what several GPUs of one kind have in common is said once. */
function inOrder(all: readonly HardwareAdvice[]): { advice: HardwareAdvice; gpus: string[] }[] {
  const order = ['error', 'warning', 'hint'];
  const groups = new Map<string, { advice: HardwareAdvice; gpus: string[] }>();
  for (const advice of all.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))) {
    const key = `${advice.code}\n${advice.message}`;
    const group = groups.get(key) ?? { advice, gpus: [] };
    if (advice.gpu !== null) group.gpus.push(advice.gpu);
    groups.set(key, group);
  }
  return [...groups.values()];
}

const counted = (number: number, thing: string): string => `${number} ${thing}${number === 1 ? '' : 's'}`;

const gibibytes = (bytes: number): string => `${(bytes / (1 << 30)).toFixed(1)} GiB`;
