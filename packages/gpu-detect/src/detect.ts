import type { HardwareAdvice, HardwareReport } from '@nanite/contracts';
import { describeError } from '@nanite/kit';
import { examineAmd } from './amd';
import { readCpu } from './cpu';
import { advise, type Best, type Finding, type Machine, plainGpu } from './finding';
import { examineIntel } from './intel';
import { type MemoryFacts, readMemory } from './memory';
import { examineNvidia } from './nvidia';
import type { NvidiaSmiAnswer } from './nvidia-smi';
import { type PciDevice, readDisplayDevices } from './pci';
import { PciNames } from './pci-names';
import { type Platform, readPlatform } from './platform';
import { metapackages, readSoftware } from './software';
import { Tree } from './tree';
import { examineOffPci, examineOther, examineVirtual, isVirtual } from './virtual';

/** What cannot be read from files, asked beforehand. */
export interface ToolAnswers {
  nvidiaSmi?: NvidiaSmiAnswer;
}

/**
 * What hardware is under `root`, what can run on it and what to install: from /proc, /sys, /dev and what packages left
 * in /usr and /var. Runs no program and never throws: what is missing, unreadable or nonsense is left out of the
 * report, and said in its advice.
 *
 * @param root `/`, or a folder that holds a recorded tree
 */
export function detect(root = '/', tools: ToolAnswers = {}): HardwareReport {
  const tree = new Tree(root);
  const platform = readPlatform(tree);
  const memory = readMemory(tree);
  const cpu = readCpu(tree);
  const software = readSoftware(tree);
  const machine: Machine = {
    tree,
    platform,
    software,
    names: new PciNames(tree),
    nvidiaSmi: tools.nvidiaSmi ?? null,
  };
  const devices = readDisplayDevices(tree);
  const findings = [...devices.map((device) => guarded(device, machine)), ...examineOffPci(tree, devices)];
  const best = bestOf(findings);
  return {
    schema: 1,
    cpu,
    memory: {
      totalBytes: memory.totalBytes,
      availableBytes: memory.availableBytes,
      modelBudgetBytes: memory.modelBudgetBytes,
    },
    gpus: findings.map(({ gpu }) => gpu),
    virtualisation: platform.virtualisation,
    secureBoot: platform.secureBoot,
    installed: metapackages.filter((name) => software.packages.has(name)),
    recommended: best?.install ?? null,
    advice: [
      ...findings.flatMap((finding) => [...finding.advice, ...missingBackend(finding, machine, best)]),
      ...adviseOnMachine(tree, cpu, memory, platform),
    ],
  };
}

function examine(device: PciDevice, machine: Machine): Finding {
  if (!device.answers) {
    const message =
      'This device no longer answers on the PCI bus: it lost power, or broke. Switch the machine off and on again.';
    return bare(device, machine, advise('gpu-not-answering', 'error', device.address, message));
  }
  if (/^(vfio-pci|pci-stub|pciback|xen-pciback)$/.test(device.driver ?? '')) {
    const message = `This GPU is set aside for virtual machines (driver ${device.driver}); the guest can use it, this system cannot.`;
    return bare(device, machine, advise('gpu-passed-through', 'hint', device.address, message));
  }
  if (isVirtual(device)) return examineVirtual(device);
  switch (device.vendor) {
    case '10de':
      return examineNvidia(device, machine);
    case '1002':
      return examineAmd(device, machine);
    case '8086':
      return examineIntel(device, machine);
    default:
      return examineOther(device, machine.names);
  }
}

/** One GPU of which we cannot make sense must not hide the others, nor the rest of the report. */
function guarded(device: PciDevice, machine: Machine): Finding {
  try {
    const finding = examine(device, machine);
    // The host's GPU that this container was not given is no reason to install anything here.
    const absent = finding.advice.some(({ code }) => code === 'gpu-not-in-container');
    return absent ? { ...finding, best: null } : finding;
  } catch (error) {
    const message = `This GPU could not be examined, please report it: ${describeError(error)}`;
    return {
      gpu: plainGpu(device, 'other', `Graphics [${device.vendor}:${device.device}]`),
      advice: [advise('examination-failed', 'error', device.address, message)],
      best: null,
      ready: false,
    };
  }
}

/** The GPU with its name and nothing that it could do. */
function bare(device: PciDevice, machine: Machine, advice: HardwareAdvice): Finding {
  const vendor = ({ '10de': 'nvidia', '1002': 'amd', '8086': 'intel' } as const)[device.vendor] ?? 'other';
  const brand = { nvidia: 'NVIDIA ', amd: 'AMD ', intel: 'Intel ', other: '' }[vendor];
  const product = machine.names.product(device.vendor, device.device);
  const name = product === null ? `${brand}GPU [${device.vendor}:${device.device}]` : `${brand}${product}`;
  return { gpu: plainGpu(device, vendor, name), advice: [advice], best: null, ready: false };
}

/** The heaviest; of equal ones the first on the bus. */
function bestOf(findings: readonly Finding[]): Best | null {
  return findings.reduce<Best | null>(
    (best, finding) =>
      finding.best !== null && finding.best.weight > (best?.weight ?? 0) ? finding.best : best,
    null,
  );
}

/**
 * All is in order but our backend. A processor's own GPU is worth one only where there is no card: two backends at once
 * cost memory and gain nothing there.
 */
function missingBackend(finding: Finding, { software }: Machine, best: Best | null): HardwareAdvice[] {
  const own = finding.best;
  if (own === null || !finding.ready || software.backends.has(own.backend)) return [];
  if (own.weight === 1 && best !== null && best.weight > 1) return [];
  const why = {
    cuda: 'CUDA is the fastest way to use it',
    rocm: 'ROCm is the way to use it',
    vulkan: "Vulkan needs nothing but Mesa's driver, which is there",
  }[own.backend];
  const message = `${finding.gpu.name} is ready to compute and unused. ${why}.`;
  return [advise(`${own.install}-missing`, 'hint', finding.gpu.id, message, [own.install])];
}

const GiB = 1 << 30;

function adviseOnMachine(
  tree: Tree,
  cpu: HardwareReport['cpu'],
  memory: MemoryFacts,
  platform: Platform,
): HardwareAdvice[] {
  const advice: HardwareAdvice[] = [];
  if (memory.limitedBy !== null) {
    const message = `A control group (${memory.limitedBy}) limits memory to ${(memory.totalBytes / GiB).toFixed(1)} GiB, less than the machine has.`;
    advice.push(advise('memory-limited', 'hint', null, message));
  }
  if (memory.totalBytes === 0) {
    const message = '/proc/meminfo does not tell how much memory there is, so no model will be started.';
    advice.push(advise('memory-unknown', 'error', null, message));
  } else if (memory.totalBytes < 3.5 * GiB) {
    const message =
      'With less than 4 GiB of memory only small models fit (up to about 1.5 billion parameters, 4-bit).';
    advice.push(advise('memory-small', 'hint', null, message));
  }
  if (cpu.level > 0 && cpu.level < 3) {
    const message =
      platform.virtualisation === 'none'
        ? 'This processor has no AVX2: models run, but several times slower than on processors made since 2015.'
        : "This virtual processor shows no AVX2: models run several times slower. Give the guest the host's processor (QEMU: -cpu host).";
    advice.push(advise('cpu-without-avx2', 'warning', null, message));
  }
  if (tree.unreadable.size > 0) {
    const files = [...tree.unreadable].map(([path, why]) => `${path} (${why})`).join(', ');
    advice.push(
      advise('unreadable', 'warning', null, `Some of the system's files could not be read: ${files}.`),
    );
  }
  return advice;
}
