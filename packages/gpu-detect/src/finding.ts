import type { Gpu, GpuBackend, HardwareAdvice } from '@nanite/contracts';
import type { NvidiaSmiAnswer } from './nvidia-smi';
import type { PciDevice } from './pci';
import type { PciNames } from './pci-names';
import type { Platform } from './platform';
import type { Metapackage, Software } from './software';
import type { Tree } from './tree';

/** Everything that the examination of one GPU looks at. */
export interface Machine {
  tree: Tree;
  platform: Platform;
  software: Software;
  names: PciNames;
  /** What nvidia-smi said; null where it was not asked. */
  nvidiaSmi: NvidiaSmiAnswer | null;
}

/** The metapackage that makes the most of a GPU. Weights compare GPUs of one machine; ADR 0030 gives the order. */
export interface Best {
  install: Metapackage;
  backend: GpuBackend;
  weight: 4 | 3 | 2 | 1;
}

export interface Finding {
  gpu: Gpu;
  advice: HardwareAdvice[];
  /** Null where the processor is the better choice, or nothing can use the GPU. */
  best: Best | null;
  /** The kernel's driver and the libraries that `best` needs are in order: only our backend may be missing. */
  ready: boolean;
}

type Severity = HardwareAdvice['severity'];

/** Advice about one GPU, or the machine where `gpu` is null. */
export function advise(
  code: string,
  severity: Severity,
  gpu: string | null,
  message: string,
  install: string[] = [],
): HardwareAdvice {
  return { code, severity, gpu, message, install };
}

/** A GPU of which nothing more is known than that it is there. */
export function plainGpu(device: PciDevice, vendor: Gpu['vendor'], name: string): Gpu {
  return {
    id: device.address,
    vendor,
    pci: { vendor: device.vendor, device: device.device },
    name,
    generation: null,
    vramBytes: null,
    sharedMemory: false,
    driver: device.driver,
    driverVersion: null,
    supports: [],
    works: [],
  };
}

/**
 * Whether programs can reach the GPU through its render node, and what to do if not. Mesa's drivers need one.
 * In a container sysfs shows the host's GPUs, and only /dev tells which were passed in.
 */
export function renderNode(device: PciDevice, machine: Machine): HardwareAdvice | null {
  const node = device.drm.find((name) => name.startsWith('renderD'));
  if (node !== undefined && machine.tree.exists(`/dev/dri/${node}`)) return null;
  return machine.platform.container
    ? advise(
        'gpu-not-in-container',
        'hint',
        device.address,
        'The host has this GPU, but its render node was not passed into this container: give it /dev/dri.',
      )
    : advise(
        'render-node-missing',
        'warning',
        device.address,
        `The driver ${device.driver ?? ''} runs, but offers no render node in /dev/dri, so no program can compute on this GPU.`,
      );
}

/** Advice where a display driver did not start because of `nomodeset`, else null. */
export function modesetOff(device: PciDevice, machine: Machine): HardwareAdvice | null {
  return machine.platform.modesetOff
    ? advise(
        'modesetting-off',
        'error',
        device.address,
        'The kernel was started with "nomodeset", which keeps every GPU driver from starting. Remove it from GRUB_CMDLINE_LINUX in /etc/default/grub, run update-grub and restart.',
      )
    : null;
}

export function firmwareFolder(machine: Machine, name: string): boolean {
  return machine.tree.exists(`/lib/firmware/${name}`) || machine.tree.exists(`/usr/lib/firmware/${name}`);
}
