import { existsSync } from 'node:fs';
import type { HardwareReport } from '@nanite/contracts';
import { Command, CommanderError } from 'commander';
import { detect, type ToolAnswers } from './detect';
import { measureMemorySpeed, rememberedMemorySpeed } from './memory-speed';
import { askNvidiaSmi, nvidiaSmiPrograms } from './nvidia-smi';
import { table } from './table';
import { writeReport } from './write-report';

export interface Io {
  out: (text: string) => void;
  err: (text: string) => void;
  /** Columns of the terminal on standard output; null where it is none. */
  columns: number | null;
}

interface Options {
  json: boolean;
  write?: string;
  root: string;
  tools: boolean;
}

/**
 * The command `nanite-gpu-detect`.
 *
 * @returns the exit status: 0 when the report was given, 2 for wrong usage
 * @throws NaniteError when the report cannot be written
 */
export async function run(argv: readonly string[], version: string, io: Io): Promise<number> {
  const command = new Command('nanite-gpu-detect')
    .description('Show what hardware is here, what it can run, and what to install.')
    .version(version)
    .option('--json', 'print the report as JSON', false)
    .option(
      '--write <file>',
      'write the report as JSON to a file, replacing it as a whole, and print nothing',
    )
    .option('--root <folder>', 'look at the system under a folder (a recorded tree) in place of /', '/')
    .option('--no-tools', 'run no vendor tool; files alone tell less of NVIDIA GPUs')
    .addHelpText(
      'after',
      '\nThe file /run/nanite/hardware.json is kept up to date by nanite-gpu-detect.service.',
    )
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .exitOverride();
  try {
    command.parse([...argv], { from: 'user' });
    if (command.args.length > 0) command.error(`error: unexpected argument '${command.args[0]}'`);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
  const options = command.opts<Options>();
  const report = detect(options.root, options.tools && options.root === '/' ? await askTools() : {});
  const json = (value: HardwareReport): string => `${JSON.stringify(value, null, 2)}\n`;
  if (options.write !== undefined) writeReport(options.write, json(withMemorySpeed(report, options)));
  else if (options.json) io.out(json(report));
  else io.out(table(report, { colour: io.columns !== null, width: Math.min(io.columns ?? 80, 100) }));
  return 0;
}

/** With the speed of memory, measured once a boot; of a recorded tree nothing can be measured. */
function withMemorySpeed(report: HardwareReport, { root, write }: Options): HardwareReport {
  if (root !== '/' || write === undefined) return report;
  const bytesPerSecond = rememberedMemorySpeed(write, report.cpu.model) ?? measureMemorySpeed();
  return { ...report, memory: { ...report.memory, bytesPerSecond } };
}

/**
 * Only NVIDIA hides the size of its memory behind a program; AMD's and Intel's drivers show theirs as files. It is asked
 * only while its driver is loaded: without it, nvidia-smi would try to load it.
 */
async function askTools(): Promise<ToolAnswers> {
  const program = nvidiaSmiPrograms.find((path) => existsSync(path));
  if (program === undefined || !existsSync('/proc/driver/nvidia/version')) return {};
  return { nvidiaSmi: await askNvidiaSmi(program) };
}
