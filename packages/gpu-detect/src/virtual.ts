import { advise, type Finding, plainGpu } from './finding';
import type { PciDevice } from './pci';
import type { PciNames } from './pci-names';
import type { Tree } from './tree';

/** Display controllers that hypervisors make up. None computes: what draws on them is the processor. */
const virtualDevices: Readonly<Record<string, string>> = {
  '1af4:1050': 'Virtio GPU',
  '1af4:1010': 'Virtio GPU',
  '1b36:0100': 'QXL paravirtual graphics',
  '1234:1111': 'QEMU standard VGA',
  '1013:00b8': 'Cirrus Logic GD 5446 (QEMU)',
  '15ad:0405': 'VMware SVGA II',
  '15ad:0406': 'VMware SVGA 3',
  '80ee:beef': 'VirtualBox graphics',
  '1414:5353': 'Hyper-V virtual VGA',
  '1ab8:4005': 'Parallels virtual VGA',
  'fb5d:0040': 'bhyve framebuffer',
};

export const isVirtual = (device: PciDevice): boolean =>
  `${device.vendor}:${device.device}` in virtualDevices;

export function examineVirtual(device: PciDevice): Finding {
  const name = virtualDevices[`${device.vendor}:${device.device}`] ?? 'Virtual graphics';
  return {
    gpu: plainGpu(device, 'virtual', name),
    advice: [virtualAdvice(device.address)],
    best: null,
    ready: false,
  };
}

/** Servers' management controllers (ASPEED, Matrox), old cards, brands that no backend serves. */
export function examineOther(device: PciDevice, names: PciNames): Finding {
  const name = names.device(device.vendor, device.device) ?? `Graphics [${device.vendor}:${device.device}]`;
  return { gpu: plainGpu(device, 'other', name), advice: [], best: null, ready: false };
}

const virtualAdvice = (id: string): Finding['advice'][number] =>
  advise(
    'virtual-gpu',
    'hint',
    id,
    "This is the hypervisor's picture of a GPU: it draws with the processor and cannot compute, so models run on the processor. To use a GPU of the host, pass it through.",
  );

/** Framebuffers that the firmware left, and the kernel's test driver. */
const notGpus = /^(simple-framebuffer|simpledrm|efi-framebuffer|vesa-framebuffer|vkms|vgem|ofdrm|evdi)$/;

/** GPUs that are not on PCI: virtio-mmio, Hyper-V's bus, the GPUs of ARM and RISC-V chips. */
export function examineOffPci(tree: Tree, onPci: readonly PciDevice[]): Finding[] {
  const found: Finding[] = [];
  const seen = new Set<string>();
  for (const card of tree.list('/sys/class/drm')) {
    if (!/^card\d+$/.test(card)) continue;
    const device = `/sys/class/drm/${card}/device`;
    const bus = tree.linkName(`${device}/subsystem`);
    const id = tree.linkName(device) ?? card;
    const driver = tree.linkName(`${device}/driver`);
    // A virtio GPU on PCI shows its drm node one level below the PCI device.
    if (bus === null || bus === 'pci' || (bus === 'virtio' && onPci.some(isVirtual))) continue;
    if (seen.has(id) || (driver !== null && notGpus.test(driver)) || notGpus.test(id.replace(/\.\w+$/, '')))
      continue;
    seen.add(id);
    const isVirtualBus = bus === 'virtio' || bus === 'vmbus';
    found.push({
      gpu: {
        id,
        vendor: isVirtualBus ? 'virtual' : 'other',
        pci: null,
        name:
          bus === 'virtio'
            ? 'Virtio GPU'
            : bus === 'vmbus'
              ? 'Hyper-V synthetic video'
              : `Integrated graphics (${driver ?? id})`,
        generation: null,
        vramBytes: null,
        sharedMemory: !isVirtualBus,
        driver,
        driverVersion: null,
        supports: [],
        works: [],
      },
      advice: isVirtualBus ? [virtualAdvice(id)] : [],
      best: null,
      ready: false,
    });
  }
  return found;
}
