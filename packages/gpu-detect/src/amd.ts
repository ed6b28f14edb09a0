import type { Gpu, GpuBackend, HardwareAdvice } from '@nanite/contracts';
import { type AmdChip, amdChip, amdGeneration, rocmServes, rocmTooOldInDebian } from './amd-chips';
import {
  advise,
  type Best,
  type Finding,
  firmwareFolder,
  type Machine,
  modesetOff,
  plainGpu,
  renderNode,
} from './finding';
import type { PciDevice } from './pci';
import { type Tree, wholeNumber } from './tree';

/** A GPU with less than this of its own memory is taken for part of a processor where the tables do not know it. */
const carveOut = 1 << 30;

export function examineAmd(device: PciDevice, machine: Machine): Finding {
  const { tree, names, software } = machine;
  const vram = tree.count(`${device.path}/mem_info_vram_total`);
  const chip = chipOf(device, tree, vram);
  const product = tree.line(`${device.path}/product_name`) ?? names.product(device.vendor, device.device);
  const gpu: Gpu = {
    ...plainGpu(device, 'amd', named(device, product, chip)),
    generation: chip?.generation ?? null,
    vramBytes: chip?.integrated ? null : vram,
    sharedMemory: chip?.integrated ?? false,
    driverVersion: device.driver === null ? null : tree.line(`/sys/module/${device.driver}/version`),
    supports: supported(chip),
  };
  if (gpu.supports.length === 0) {
    const advice = advise(
      'gpu-too-old',
      'hint',
      device.address,
      'This GPU is older than Polaris (2016), or of an unknown kind: no backend of Nanite serves it. Models run on the processor.',
    );
    return { gpu, advice: [advice], best: null, ready: false };
  }
  const { advice, usable } = examineDriver(device, machine, chip);
  gpu.works = usable.filter((backend) => gpu.supports.includes(backend) && software.backends.has(backend));
  const best = bestOf(gpu, chip);
  return { gpu, advice, best, ready: best !== null && usable.includes(best.backend) };
}

/** The kernel knows best (KFD names the chip); the table serves where amdgpu does not run. */
function chipOf(device: PciDevice, tree: Tree, vram: number | null): AmdChip | null {
  const known = amdChip(device.device);
  const gfx = gfxFromKernel(device.address, tree);
  if (gfx === null) return known;
  return {
    generation: amdGeneration(gfx) ?? known?.generation ?? 'unknown',
    gfx,
    integrated: known?.integrated ?? (vram !== null && vram < carveOut),
  };
}

/**
 * KFD's topology: `gfx_target_version` is major * 10000 + minor * 100 + stepping, so 90010 is gfx90a;
 * `location_id` is bus << 8 | device << 3 | function.
 */
function gfxFromKernel(address: string, tree: Tree): string | null {
  const nodes = '/sys/class/kfd/kfd/topology/nodes';
  for (const node of tree.list(nodes).slice(0, 256)) {
    const properties = tree.text(`${nodes}/${node}/properties`, 16384) ?? '';
    const value = (key: string): number | null =>
      wholeNumber(new RegExp(`^${key} (\\d+)$`, 'm').exec(properties)?.[1]);
    const location = value('location_id');
    const version = value('gfx_target_version');
    if (location === null || version === null || version < 10000 || version > 990000) continue;
    const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0');
    const at = `${hex(value('domain') ?? 0, 4)}:${hex(location >> 8, 2)}:${hex((location >> 3) & 31, 2)}.${location & 7}`;
    if (at !== address) continue;
    return `gfx${Math.floor(version / 10000)}${hex(Math.floor(version / 100) % 100, 1)}${hex(version % 100, 1)}`;
  }
  return null;
}

/**
 * Vulkan (Mesa's RADV) from Polaris on, but not on compute-only CDNA; ROCm where its libraries carry kernels.
 */
function supported(chip: AmdChip | null): GpuBackend[] {
  if (chip === null || chip.generation === 'gcn') return [];
  const backends: GpuBackend[] = [];
  if (rocmServes(chip.gfx)) backends.push('rocm');
  if (!chip.generation.startsWith('cdna')) backends.push('vulkan');
  return backends;
}

/** ADR 0030: ROCm for what has nothing else, Vulkan for graphics cards and for integrated GPUs that beat the processor. */
function bestOf(gpu: Gpu, chip: AmdChip | null): Best | null {
  if (chip === null) return null;
  if (chip.generation.startsWith('cdna')) {
    return rocmTooOldInDebian(chip.gfx) ? null : { install: 'nanite-rocm', backend: 'rocm', weight: 3 };
  }
  if (!gpu.sharedMemory) return { install: 'nanite-vulkan', backend: 'vulkan', weight: 2 };
  // Two compute units for the desktop's sake (Raphael, Granite Ridge, Mendocino) and Vega lose against the cores beside.
  const strong = /^rdna[23]/.test(chip.generation) && !/^gfx103[67]$/.test(chip.gfx);
  return strong ? { install: 'nanite-vulkan', backend: 'vulkan', weight: 1 } : null;
}

function examineDriver(
  device: PciDevice,
  machine: Machine,
  chip: AmdChip | null,
): { advice: HardwareAdvice[]; usable: GpuBackend[] } {
  const { tree, software } = machine;
  const { address } = device;
  if (device.driver !== 'amdgpu') return { advice: [missingDriver(device, machine)], usable: [] };
  const advice: HardwareAdvice[] = [];
  const usable: GpuBackend[] = [];
  const node = renderNode(device, machine);
  if (node !== null) return { advice: [node], usable };
  const compute = chip?.generation.startsWith('cdna') ?? false;
  if (software.vulkanDrivers.has('amd')) usable.push('vulkan');
  else if (!compute) {
    advice.push(
      advise(
        'vulkan-driver-missing',
        'warning',
        address,
        "The kernel drives this GPU, but Mesa's Vulkan driver for it (RADV) is not installed.",
        ['mesa-vulkan-drivers'],
      ),
    );
  }
  const old = chip !== null && rocmTooOldInDebian(chip.gfx);
  if (tree.exists('/dev/kfd') && chip !== null && rocmServes(chip.gfx)) {
    if (!old) usable.push('rocm');
  } else if (compute) {
    advice.push(
      advise(
        'kfd-missing',
        'error',
        address,
        'amdgpu runs, but offers no /dev/kfd, through which ROCm computes. In a container, pass /dev/kfd in; on a machine, its kernel is built without CONFIG_HSA_AMD.',
      ),
    );
  }
  if (compute && old) {
    advice.push(
      advise(
        'rocm-old',
        'warning',
        address,
        `${chip.gfx} needs ROCm 6 or newer; Debian 13, and so nanite-rocm, has ROCm 5. Models run on the processor.`,
      ),
    );
  }
  return { advice, usable };
}

function missingDriver(device: PciDevice, machine: Machine): HardwareAdvice {
  const { address } = device;
  if (device.driver === 'radeon') {
    return advise(
      'amd-radeon-driver',
      'hint',
      address,
      'The old driver "radeon" runs this GPU; only "amdgpu" can compute.',
    );
  }
  const off = modesetOff(device, machine);
  if (off !== null) return off;
  return firmwareFolder(machine, 'amdgpu')
    ? advise(
        'amd-driver-not-loaded',
        'error',
        address,
        'No driver runs this GPU although its firmware is installed. Restart the machine; the kernel log tells why if that does not help: sudo dmesg | grep -i amdgpu.',
      )
    : advise(
        'amd-firmware-missing',
        'error',
        address,
        'amdgpu cannot start this GPU without its firmware (Debian component non-free-firmware). Install it and restart the machine.',
        ['firmware-amd-graphics'],
      );
}

function named(device: PciDevice, product: string | null, chip: AmdChip | null): string {
  if (product !== null) return /^AMD\b/.test(product) ? product : `AMD ${product}`;
  return chip === null
    ? `AMD GPU [1002:${device.device}]`
    : `AMD ${chip.generation.toUpperCase()} GPU (${chip.gfx}) [1002:${device.device}]`;
}
