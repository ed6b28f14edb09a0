/**
 * Machines for tests and the benchmark: a compact description, laid out as the files that a kernel would show.
 * See README.md beside this file for what each one is modelled on.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type NvidiaSmiAnswer, parseNvidiaSmi } from '../nvidia-smi';

export interface Machine {
  title: string;
  /** Of flags.json. */
  cpu?: { model: string; flags: string; packages: number; cores: number; threads: number; hypervisor?: boolean };
  memory?: { totalKiB: number; availableKiB: number; hugetlbKiB?: number };
  pci?: PciSlot[];
  kernel?: string;
  /** Adds an excerpt of the PCI ID database. */
  pciIds?: boolean;
  packages?: Record<string, string>;
  /** Text files; a list is its lines. */
  files?: Record<string, string | string[]>;
  /** Binary files, hexadecimal. */
  hex?: Record<string, string>;
  links?: Record<string, string>;
  folders?: string[];
  /** Output of nvidia-smi on that machine, or how it fails. */
  nvidiaSmi?: { lines: string[] } | { failed: string } | { timeout: true };
}

interface PciSlot {
  address: string;
  /** Class code, six digits. */
  class: string;
  /** `vendor:device` */
  id: string;
  revision?: string;
  driver?: string;
  drm?: string[];
  /** Sizes of the base address registers in MiB. */
  bars?: number[];
  files?: Record<string, string>;
}

const here = dirname(fileURLToPath(import.meta.url));
const flags = JSON.parse(readFileSync(join(here, 'flags.json'), 'utf8')) as Record<string, string>;

export const machineNames = readdirSync(join(here, 'machines')).map((name) => basename(name, '.json'));

export const readMachine = (name: string): Machine =>
  JSON.parse(readFileSync(join(here, 'machines', `${name}.json`), 'utf8')) as Machine;

/** Lays the machine out in a new folder of the temporary directory; the caller removes it with `removeTree`. */
export function layOut(machine: Machine): string {
  const root = mkdtempSync(join(tmpdir(), 'gpu-detect-'));
  const put = (path: string, content: string | Buffer): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  const link = (path: string, target: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    symlinkSync(target, join(root, path));
  };
  if (machine.cpu !== undefined) putProcessors(machine.cpu, put);
  if (machine.memory !== undefined) putMemory(machine.memory, put);
  for (const slot of machine.pci ?? []) putSlot(slot, put, link);
  put('/proc/sys/kernel/osrelease', `${machine.kernel ?? '6.12.107+deb13-amd64'}\n`);
  if (machine.pciIds) put('/usr/share/misc/pci.ids', readFileSync(join(here, 'pci.ids')));
  putPackages(machine.packages ?? {}, put);
  for (const [path, content] of Object.entries(machine.files ?? {})) {
    put(path, typeof content === 'string' ? content : `${content.join('\n')}\n`);
  }
  for (const [path, content] of Object.entries(machine.hex ?? {})) put(path, Buffer.from(content, 'hex'));
  for (const [path, target] of Object.entries(machine.links ?? {})) link(path, target);
  for (const path of machine.folders ?? []) mkdirSync(join(root, path), { recursive: true });
  return root;
}

export const removeTree = (root: string): void => rmSync(root, { recursive: true, force: true });

/** What main.ts would have asked nvidia-smi on that machine. */
export function toolAnswers({ nvidiaSmi }: Machine): { nvidiaSmi?: NvidiaSmiAnswer } {
  if (nvidiaSmi === undefined) return {};
  if ('lines' in nvidiaSmi) return { nvidiaSmi: { state: 'ok', gpus: parseNvidiaSmi(nvidiaSmi.lines.join('\n')) } };
  if ('failed' in nvidiaSmi) return { nvidiaSmi: { state: 'failed', message: nvidiaSmi.failed } };
  return { nvidiaSmi: { state: 'timeout' } };
}

type Put = (path: string, content: string | Buffer) => void;

function putProcessors(cpu: NonNullable<Machine['cpu']>, put: Put): void {
  const cores = cpu.packages * cpu.cores;
  const total = cores * cpu.threads;
  const features = `${flags[cpu.flags] ?? ''}${cpu.hypervisor ? ' hypervisor' : ''}`;
  const blocks: string[] = [];
  for (let thread = 0; thread < total; thread++) {
    // Linux numbers the first thread of every core first.
    const core = thread % cores;
    const siblings = Array.from({ length: cpu.threads }, (_, index) => core + index * cores).join(',');
    put(`/sys/devices/system/cpu/cpu${thread}/topology/core_cpus_list`, `${siblings}\n`);
    blocks.push(
      [
        `processor\t: ${thread}`,
        `model name\t: ${cpu.model}`,
        `physical id\t: ${Math.floor(core / cpu.cores)}`,
        `core id\t\t: ${core % cpu.cores}`,
        `cpu cores\t: ${cpu.cores}`,
        `flags\t\t: ${features}`,
        '',
      ].join('\n'),
    );
  }
  put('/proc/cpuinfo', `${blocks.join('\n')}\n`);
  put('/sys/devices/system/cpu/online', `${total === 1 ? '0' : `0-${total - 1}`}\n`);
  put('/sys/devices/system/node/has_cpu', `${cpu.packages === 1 ? '0' : `0-${cpu.packages - 1}`}\n`);
}

function putMemory(memory: NonNullable<Machine['memory']>, put: Put): void {
  const line = (key: string, value: number): string => `${`${key}:`.padEnd(16)}${String(value).padStart(8)} kB`;
  put(
    '/proc/meminfo',
    [
      line('MemTotal', memory.totalKiB),
      line('MemFree', Math.floor(memory.availableKiB / 2)),
      line('MemAvailable', memory.availableKiB),
      line('Buffers', 123456),
      'HugePages_Total:       0',
      'Hugepagesize:       2048 kB',
      line('Hugetlb', memory.hugetlbKiB ?? 0),
      '',
    ].join('\n'),
  );
}

function putSlot(slot: PciSlot, put: Put, link: (path: string, target: string) => void): void {
  const [vendor, device] = slot.id.split(':');
  const real = `/sys/devices/pci0000:00/${slot.address}`;
  link(`/sys/bus/pci/devices/${slot.address}`, `../../../devices/pci0000:00/${slot.address}`);
  put(`${real}/class`, `0x${slot.class}\n`);
  put(`${real}/vendor`, `0x${vendor}\n`);
  put(`${real}/device`, `0x${device}\n`);
  put(`${real}/revision`, `0x${slot.revision ?? 'a1'}\n`);
  put(`${real}/resource`, resource(slot.bars ?? []));
  if (slot.driver !== undefined) link(`${real}/driver`, `../../../bus/pci/drivers/${slot.driver}`);
  for (const node of slot.drm ?? []) {
    put(`${real}/drm/${node}/dev`, '226:0\n');
    link(`${real}/drm/${node}/device`, '../..');
    link(`/sys/class/drm/${node}`, `../../devices/pci0000:00/${slot.address}/drm/${node}`);
    put(`/dev/dri/${node}`, '');
  }
  link(`${real}/subsystem`, '../../../bus/pci');
  for (const [name, content] of Object.entries(slot.files ?? {})) put(`${real}/${name}`, `${content}\n`);
}

/** Thirteen regions: six base address registers, the ROM, and those of bridges. */
function resource(bars: number[]): string {
  let at = 0x6000000000n;
  const none = `0x${'0'.repeat(16)}`;
  return Array.from({ length: 13 }, (_, index) => {
    const size = BigInt(Math.round((bars[index] ?? 0) * 2 ** 20));
    if (size === 0n) return `${none} ${none} ${none}\n`;
    const start = at;
    at += size;
    const hex = (value: bigint): string => `0x${value.toString(16).padStart(16, '0')}`;
    return `${hex(start)} ${hex(start + size - 1n)} 0x000000000014220c\n`;
  }).join('');
}

function putPackages(packages: Record<string, string>, put: Put): void {
  const paragraphs = Object.entries({ dpkg: '1.22.21', ...packages }).map(
    ([name, version]) =>
      `Package: ${name}\nStatus: install ok installed\nPriority: optional\nSection: misc\nInstalled-Size: 1\nMaintainer: Somebody <somebody@example.org>\nArchitecture: amd64\nVersion: ${version}\nDescription: a package\n`,
  );
  put('/var/lib/dpkg/status', `${paragraphs.join('\n')}`);
}
