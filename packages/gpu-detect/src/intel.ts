import type { Gpu, HardwareAdvice } from '@nanite/contracts';
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
import { type IntelChip, intelChip } from './intel-chips';
import type { PciDevice } from './pci';
import type { Tree } from './tree';

const GiB = 1 << 30;

export function examineIntel(device: PciDevice, machine: Machine): Finding {
  const { tree, names, software } = machine;
  const chip = intelChip(device.device);
  const product = names.product(device.vendor, device.device);
  const gpu: Gpu = {
    ...plainGpu(device, 'intel', named(device, product, chip)),
    generation: chip?.generation ?? null,
    vramBytes: chip === null || chip.integrated ? null : readVram(device, tree, chip),
    sharedMemory: chip?.integrated ?? true,
    driverVersion: device.driver === null ? null : tree.line(`/sys/module/${device.driver}/version`),
    // Vulkan through Mesa's ANV; not on the compute-only Ponte Vecchio.
    supports: chip === null || chip.generation === 'xe-hpc' ? [] : ['vulkan'],
  };
  if (gpu.supports.length === 0) {
    const advice = advise(
      'gpu-unserved',
      'hint',
      device.address,
      'No backend of Nanite serves this GPU (older than Skylake, compute-only, or of an unknown kind). Models run on the processor.',
    );
    return { gpu, advice: [advice], best: null, ready: false };
  }
  const advice = examineDriver(device, machine, chip);
  const usable = !advice.some((entry) => entry.severity !== 'hint');
  gpu.works = usable && software.backends.has('vulkan') ? ['vulkan'] : [];
  if (usable && chip?.integrated === false && smallBar(device)) {
    advice.push(
      advise(
        'resizable-bar-off',
        'warning',
        device.address,
        'The processor reaches only 256 MiB of this GPU\'s memory at a time: Arc cards lose much of their speed. Turn on "Resizable BAR" (or "Above 4G decoding") in the firmware.',
      ),
    );
  }
  return { gpu, advice, best: bestOf(chip), ready: usable };
}

/** ADR 0030: cards, and integrated GPUs from Xe-LPG on. What came before is no faster than the cores beside it. */
function bestOf(chip: IntelChip | null): Best | null {
  if (chip === null) return null;
  if (!chip.integrated) return { install: 'nanite-vulkan', backend: 'vulkan', weight: 2 };
  return /^xe(2|3)?-lpg$/.test(chip.generation)
    ? { install: 'nanite-vulkan', backend: 'vulkan', weight: 1 }
    : null;
}

function examineDriver(device: PciDevice, machine: Machine, chip: IntelChip | null): HardwareAdvice[] {
  const { address } = device;
  if (device.driver !== 'i915' && device.driver !== 'xe') {
    const off = modesetOff(device, machine);
    if (off !== null) return [off];
    return [
      hasFirmware(machine)
        ? advise(
            'intel-driver-not-loaded',
            'error',
            address,
            'No driver runs this GPU. A newer kernel (trixie-backports) may know it; the kernel log tells more: sudo dmesg | grep -iE "i915|xe".',
          )
        : advise(
            'intel-firmware-missing',
            'error',
            address,
            'No driver runs this GPU, and its firmware (Debian component non-free-firmware) is missing. Install it and restart the machine.',
            ['firmware-intel-graphics'],
          ),
    ];
  }
  const node = renderNode(device, machine);
  if (node !== null) return [node];
  const advice: HardwareAdvice[] = [];
  if (!machine.software.vulkanDrivers.has('intel')) {
    advice.push(
      advise(
        'vulkan-driver-missing',
        'warning',
        address,
        "The kernel drives this GPU, but Mesa's Vulkan driver for it (ANV) is not installed.",
        ['mesa-vulkan-drivers'],
      ),
    );
  }
  // From Xe-LP on work is handed to the GPU by its own firmware (GuC); older ones only save power with it.
  if (!hasFirmware(machine) && chip?.generation.startsWith('xe')) {
    advice.push(
      advise(
        'intel-firmware-missing',
        'hint',
        address,
        'The GPU runs without its firmware (Debian component non-free-firmware), so slower and with more power than it could.',
        ['firmware-intel-graphics'],
      ),
    );
  }
  return advice;
}

const hasFirmware = (machine: Machine): boolean =>
  firmwareFolder(machine, 'i915') || firmwareFolder(machine, 'xe');

/** xe: bytes per tile; i915: `lmem_total_bytes` where the kernel has it; then the table, the A770 by its BAR. */
function readVram(device: PciDevice, tree: Tree, chip: IntelChip): number | null {
  const tiles = [0, 1, 2, 3].map((tile) => tree.count(`${device.path}/tile${tile}/physical_vram_size_bytes`));
  const told = tiles.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  if (told > 0) return told;
  const card = device.drm.find((name) => name.startsWith('card'));
  const local = card === undefined ? null : tree.count(`${device.path}/drm/${card}/lmem_total_bytes`);
  if (local !== null && local > 0) return local;
  if (chip.vramGiB !== null) return chip.vramGiB * GiB;
  // A BAR is a power of two, at least the memory's size: only for the A770 does that say which of two sizes it is.
  if (device.device === '56a0' && !smallBar(device))
    return (device.bars[2] ?? 0) >= 16 * GiB ? 16 * GiB : 8 * GiB;
  return null;
}

/** Memory is behind BAR 2. */
const smallBar = (device: PciDevice): boolean => {
  const size = device.bars[2] ?? 0;
  return size > 0 && size <= GiB / 4;
};

function named(device: PciDevice, product: string | null, chip: IntelChip | null): string {
  if (product !== null) return /^Intel\b/.test(product) ? product : `Intel ${product}`;
  return chip === null
    ? `Intel GPU [8086:${device.device}]`
    : `Intel ${chip.generation} GPU [8086:${device.device}]`;
}
