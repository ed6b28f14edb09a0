import type { HardwareReport } from '@nanite/contracts';
import { printable, type Tree, wholeNumber } from './tree';

type Cpu = HardwareReport['cpu'];

/**
 * Microarchitecture levels of the x86-64 psABI, in the kernel's names: sse3 is `pni`, lzcnt is `abm`; osxsave has no
 * flag of its own, the kernel shows avx only where the system saves its registers.
 * Source: x86-64 psABI, "Micro-Architecture Levels".
 */
const levels: readonly (readonly string[])[] = [
  ['lm', 'cmov', 'cx8', 'fpu', 'fxsr', 'mmx', 'syscall', 'sse', 'sse2'],
  ['cx16', 'lahf_lm', 'popcnt', 'pni', 'ssse3', 'sse4_1', 'sse4_2'],
  ['avx', 'avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'abm', 'movbe', 'xsave'],
  ['avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl'],
];

/** Flags that choose a kernel in llama.cpp's CPU backends or in onnxruntime (x86 and ARM). */
const matters = new Set([
  ...['sse3', 'ssse3', 'sse4_1', 'sse4_2', 'avx', 'avx2', 'f16c', 'fma', 'bmi2', 'avx_vnni', 'avx_vnni_int8'],
  ...['avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl', 'avx512vbmi', 'avx512_vbmi2', 'avx512_vnni'],
  ...['avx512_bf16', 'avx512_fp16', 'amx_tile', 'amx_int8', 'amx_bf16', 'avx10'],
  ...['asimd', 'asimdhp', 'asimddp', 'sve', 'sve2', 'i8mm', 'svei8mm', 'bf16', 'sme'],
]);

/** Highest psABI level whose flags, and those of all levels below, are there. */
export function x86Level(flags: ReadonlySet<string>): number {
  const missing = levels.findIndex((needed) => !needed.every((flag) => flags.has(flag)));
  return missing === -1 ? levels.length : missing;
}

/** The numbers that a kernel list such as `0-3,8,10-11` names; null where it is no such list. */
export function listMembers(text: string | null): number[] | null {
  if (text === null || !/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(text)) return null;
  const members: number[] = [];
  for (const part of text.split(',')) {
    const [first = 0, last = first] = part.split('-').map(Number);
    if (last < first || last > 65536) return null;
    for (let member = first; member <= last; member++) members.push(member);
    if (members.length > 65536) return null;
  }
  return members;
}

export function readCpu(tree: Tree): Cpu {
  // The first processor's block is enough, and on large machines the whole file takes the kernel milliseconds per CPU.
  const first = fields(tree.bytes('/proc/cpuinfo', 16384)?.toString('latin1') ?? '');
  const flags = new Set((first.get('flags') ?? first.get('features') ?? '').split(/\s+/).filter(Boolean));
  if (flags.has('pni')) flags.add('sse3');
  const threads =
    listMembers(tree.text('/sys/devices/system/cpu/online', 4096))?.length ?? countedThreads(tree);
  return {
    model: printable(first.get('model name')) ?? tree.line('/proc/device-tree/model') ?? 'unknown processor',
    level: first.has('flags') ? x86Level(flags) : 0,
    flags: [...flags].filter((flag) => matters.has(flag)).sort(),
    cores: Math.min(countedCores(tree) ?? wholeNumber(first.get('cpu cores')) ?? threads, threads) || 1,
    threads,
    numaNodes: Math.max(
      // Memory without processors (CXL, a GPU's own) is a node too, but no place for threads.
      listMembers(tree.text('/sys/devices/system/node/has_cpu', 4096))?.length ??
        listMembers(tree.text('/sys/devices/system/node/online', 4096))?.length ??
        1,
      1,
    ),
  };
}

/** Fields of the first block, keys in lower case. */
function fields(cpuinfo: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of cpuinfo.split('\n')) {
    const colon = line.indexOf(':');
    if (line.trim() === '' && found.size > 0) break;
    if (colon > 0) found.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return found;
}

/** Physical cores: sets of threads that share one. A set is read once, not by each of its threads. */
function countedCores(tree: Tree): number | null {
  const seen = new Set<string>();
  let cores = 0;
  for (const cpu of tree.list('/sys/devices/system/cpu')) {
    if (!/^cpu\d+$/.test(cpu) || seen.has(cpu)) continue;
    const topology = `/sys/devices/system/cpu/${cpu}/topology`;
    const siblings = listMembers(
      tree.text(`${topology}/core_cpus_list`, 4096) ?? tree.text(`${topology}/thread_siblings_list`, 4096),
    );
    if (siblings === null) continue;
    cores++;
    for (const sibling of siblings) seen.add(`cpu${sibling}`);
  }
  return cores > 0 ? cores : null;
}

/** Without /sys: one `processor` line each. */
function countedThreads(tree: Tree): number {
  const all = tree.bytes('/proc/cpuinfo', 4 << 20)?.toString('latin1') ?? '';
  return Math.max(all.match(/^processor\s*:/gm)?.length ?? 1, 1);
}
