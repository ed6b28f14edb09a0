import type { Gpu, GpuBackend, HardwareAdvice } from '@nanite/contracts';
import { advise, type Finding, type Machine, modesetOff, plainGpu, renderNode } from './finding';
import {
  beforeTuring,
  compareVersions,
  debianDriver,
  firstDriver,
  lastDriverBeforeTuring,
  type NvidiaGeneration,
  nvidiaGeneration,
  oldestDriver,
} from './nvidia-generations';
import { nvidiaSmiPrograms } from './nvidia-smi';
import type { PciDevice } from './pci';
import { printable } from './tree';

/** Packages that bring NVIDIA's driver of Debian 13 (component non-free) with what CUDA needs. */
const driverPackages = ['linux-headers-amd64', 'nvidia-driver', 'libcuda1', 'nvidia-smi'];
const kernelPackages = ['nvidia-kernel-dkms', 'nvidia-open-kernel-dkms', 'nvidia-tesla-535-kernel-dkms'];

interface Subject {
  device: PciDevice;
  machine: Machine;
  generation: NvidiaGeneration | null;
  /** Of the module that is loaded; null where none is. */
  driverVersion: string | null;
}

export function examineNvidia(device: PciDevice, machine: Machine): Finding {
  const { tree, software } = machine;
  const generation = nvidiaGeneration(device.device);
  const driverVersion = readDriverVersion(machine);
  const told =
    machine.nvidiaSmi?.state === 'ok'
      ? machine.nvidiaSmi.gpus.find((gpu) => gpu.address === device.address)
      : undefined;
  const gpu: Gpu = {
    ...plainGpu(device, 'nvidia', readName(device, machine) ?? told?.name ?? unnamed(device, generation)),
    generation: generation === 'old' ? null : generation,
    vramBytes: told?.vramBytes ?? null,
    driverVersion:
      device.driver === 'nvidia'
        ? driverVersion
        : device.driver === null
          ? null
          : tree.line(`/sys/module/${device.driver}/version`),
  };
  if (generation === 'old') {
    const advice = advise(
      'gpu-too-old',
      'hint',
      device.address,
      'This GPU is older than Maxwell (2014): no driver in Debian 13 can compute on it. Models run on the processor.',
    );
    return { gpu, advice: [advice], best: null, ready: false };
  }
  const cuda = !(beforeTuring(generation) && software.cudaRuntime >= 13);
  gpu.supports = cuda ? ['cuda', 'vulkan'] : ['vulkan'];
  const subject = { device, machine, generation, driverVersion };
  const { advice, usable } =
    device.driver === 'nvidia'
      ? examineDriver(subject)
      : device.driver === 'nouveau'
        ? examineNouveau(subject)
        : { advice: [examineMissing(subject)], usable: [] };
  gpu.works = usable.filter((backend) => gpu.supports.includes(backend) && software.backends.has(backend));
  if (device.driver === 'nvidia' && usable.length > 0 && gpu.vramBytes === null) {
    const unknown = vramUnknown(device, machine);
    if (unknown !== null) advice.push(unknown);
  }
  return {
    gpu,
    advice,
    best: cuda
      ? { install: 'nanite-cuda', backend: 'cuda', weight: 4 }
      : { install: 'nanite-vulkan', backend: 'vulkan', weight: 2 },
    ready: usable.includes(cuda ? 'cuda' : 'vulkan'),
  };
}

/** Null where nvidia-smi is there and was just not asked, as for a recorded tree. */
function vramUnknown({ address }: PciDevice, { nvidiaSmi, tree }: Machine): HardwareAdvice | null {
  if (nvidiaSmi !== null) {
    const message = "nvidia-smi does not tell the size of this GPU's memory: it may use the system's.";
    return advise('vram-unknown', 'hint', address, message);
  }
  if (nvidiaSmiPrograms.some((program) => tree.exists(program))) return null;
  const message =
    "NVIDIA's driver tells the size of its memory only through nvidia-smi, which is not installed; without it, less than possible may be put on the GPU.";
  return advise('vram-unknown', 'hint', address, message, ['nvidia-smi']);
}

interface DriverState {
  advice: HardwareAdvice[];
  /** Backends for which driver and libraries are in order, ours installed or not. */
  usable: GpuBackend[];
}

/** NVIDIA's own driver is bound. */
function examineDriver({ device, machine, driverVersion }: Subject): DriverState {
  const { software, tree, platform } = machine;
  const { address } = device;
  const stop = (advice: HardwareAdvice): DriverState => ({ advice: [advice], usable: [] });
  if (!tree.exists('/dev/nvidiactl')) {
    return stop(
      platform.container
        ? advise(
            'gpu-not-in-container',
            'hint',
            address,
            "The host has this GPU, but it was not passed into this container: give it /dev/nvidia* and the driver's libraries.",
          )
        : advise(
            'nvidia-device-nodes-missing',
            'error',
            address,
            'The driver runs, but /dev/nvidiactl does not exist, so no program can reach the GPU. nvidia-modprobe makes it at start.',
            ['nvidia-modprobe'],
          ),
    );
  }
  if (software.libcuda === null) {
    return stop(
      advise(
        'nvidia-libraries-missing',
        'error',
        address,
        "The kernel has NVIDIA's driver, but the library that programs talk to it through (libcuda.so.1) is not installed.",
        ['libcuda1'],
      ),
    );
  }
  if (driverVersion !== null && software.libcuda !== driverVersion) {
    return stop(
      advise(
        'nvidia-version-mismatch',
        'error',
        address,
        `The running kernel module is version ${driverVersion}, the libraries are ${software.libcuda}: NVIDIA's driver works only when both are the same. An upgrade was installed since the last start; restart the machine.`,
      ),
    );
  }
  const failure = failureMessage(device, machine);
  if (failure !== null) return stop(advise('nvidia-driver-failed', 'error', address, failure));
  const vulkan: GpuBackend[] = software.vulkanDrivers.has('nvidia') ? ['vulkan'] : [];
  const oldest = oldestDriver(software.cudaRuntime);
  if (driverVersion !== null && compareVersions(driverVersion, oldest) < 0) {
    return {
      advice: [
        advise(
          'nvidia-driver-old',
          'error',
          address,
          `The driver is version ${driverVersion}; CUDA ${software.cudaRuntime}, which nanite-cuda uses, needs ${oldest} or newer.`,
          compareVersions(`${debianDriver}.163.01`, oldest) >= 0 ? driverPackages : [],
        ),
      ],
      usable: vulkan,
    };
  }
  return { advice: [], usable: ['cuda', ...vulkan] };
}

/** Why a driver that is bound does not work; null where nothing speaks against it. */
function failureMessage(device: PciDevice, { nvidiaSmi, tree, platform }: Machine): string | null {
  const log = 'The kernel log says more: sudo dmesg | grep -i nvrm.';
  if (nvidiaSmi?.state === 'timeout') {
    return `nvidia-smi did not come back: the GPU or its driver hangs. Restart the machine. ${log}`;
  }
  if (nvidiaSmi?.state === 'failed') return `The driver does not answer: ${nvidiaSmi.message} ${log}`;
  const listed = nvidiaSmi?.gpus.some((gpu) => gpu.address === device.address) ?? true;
  if (!listed) return `The driver is bound, but nvidia-smi does not see this GPU: it failed to start. ${log}`;
  const known = tree.exists(`/proc/driver/nvidia/gpus/${device.address}`);
  return known || platform.container
    ? null
    : `The driver is bound, but did not take this GPU into use. ${log}`;
}

/** The free driver is bound: it cannot run CUDA, and Vulkan on it only from Turing on. */
function examineNouveau({ device, machine, generation }: Subject): DriverState {
  const { software } = machine;
  const installed = kernelPackages.some((name) => software.packages.has(name));
  const usable: GpuBackend[] =
    !beforeTuring(generation) && software.vulkanDrivers.has('nouveau') && renderNode(device, machine) === null
      ? ['vulkan']
      : [];
  const tail = usable.length > 0 ? ' Vulkan works on nouveau, but slowly.' : '';
  if (installed) {
    return {
      advice: [
        advise(
          'nouveau-in-use',
          'warning',
          device.address,
          `NVIDIA's driver is installed, but nouveau took the GPU first. Restart the machine: the package keeps nouveau from loading.${tail}`,
        ),
      ],
      usable,
    };
  }
  const { message, install } = driverToInstall({ device, machine, generation, driverVersion: null });
  return {
    advice: [
      advise(
        'nouveau-in-use',
        'warning',
        device.address,
        `The free driver nouveau runs this GPU. It has no CUDA. ${message}${tail}`,
        install,
      ),
    ],
    usable,
  };
}

/** No driver is bound, or one that is none of a GPU's. */
function examineMissing(subject: Subject): HardwareAdvice {
  const { device, machine, driverVersion } = subject;
  const { address } = device;
  const { software, platform } = machine;
  const off = modesetOff(device, machine);
  if (driverVersion !== null) {
    return advise('nvidia-driver-refused', 'error', address, refusal(subject, driverVersion), []);
  }
  if (!kernelPackages.some((name) => software.packages.has(name)) && software.libcuda === null) {
    const { message, install } = driverToInstall(subject);
    return advise(
      'nvidia-driver-missing',
      'warning',
      address,
      `No driver runs this GPU. ${message}`,
      install,
    );
  }
  if (!moduleBuilt(machine)) {
    return advise(
      'nvidia-module-not-built',
      'error',
      address,
      `NVIDIA's driver is installed, but it has no module for the running kernel${platform.kernel === null ? '' : ` ${platform.kernel}`}. DKMS builds it when the kernel's headers are there.`,
      ['linux-headers-amd64'],
    );
  }
  if (platform.secureBoot === true && !signingKeyEnrolled(machine)) {
    return advise(
      'secure-boot-unsigned-module',
      'error',
      address,
      'Secure Boot is on and refuses NVIDIA\'s module: it was built on this machine and signed with a key that the firmware does not know. Enrol the key with "sudo mokutil --import /var/lib/dkms/mok.pub" and confirm it at the next start, or turn Secure Boot off in the firmware.',
      ['mokutil'],
    );
  }
  return (
    off ??
    advise(
      'nvidia-module-not-loaded',
      'error',
      address,
      'NVIDIA\'s driver is installed, but not loaded. Restart the machine; "sudo modprobe nvidia" tells why if that does not help.',
    )
  );
}

/** The module is loaded and did not take this GPU. */
function refusal({ generation, machine }: Subject, version: string): string {
  const branch = Number.parseInt(version, 10);
  const { packages } = machine.software;
  if (generation !== null && branch < firstDriver[generation]) {
    return `The loaded driver ${version} is older than this GPU: ${title(generation)} needs ${firstDriver[generation]} or newer. ${newerDriver}`;
  }
  if (beforeTuring(generation) && branch > lastDriverBeforeTuring) {
    return `The loaded driver ${version} no longer knows ${title(generation)}: ${lastDriverBeforeTuring} was its last branch. Debian 13's own package nvidia-driver (${debianDriver}) serves it.`;
  }
  if (beforeTuring(generation) && packages.has('nvidia-open-kernel-dkms')) {
    return `The open kernel module starts with Turing; ${title(generation)} needs the package nvidia-kernel-dkms in its place.`;
  }
  return `The driver ${version} is loaded and refused this GPU. The kernel log says why: sudo dmesg | grep -i nvrm.`;
}

const newerDriver =
  "Debian 13 has 550; newer ones come from NVIDIA's own repository for Debian (package nvidia-open).";

/** What to install for a GPU that has no driver of NVIDIA's, and why. */
function driverToInstall({ generation, machine }: Subject): { message: string; install: string[] } {
  if (generation !== null && firstDriver[generation] > debianDriver) {
    return {
      message: `${title(generation)} needs NVIDIA's driver ${firstDriver[generation]} or newer. ${newerDriver} Then install nanite-cuda.`,
      install: [],
    };
  }
  const secureBoot =
    machine.platform.secureBoot === true
      ? " Secure Boot is on: installing asks for a password, which the next start asks for once, to accept the module's key."
      : '';
  return {
    message: `NVIDIA's driver (Debian component non-free) and nanite-cuda make it compute.${secureBoot}`,
    install: [...driverPackages, ...(machine.platform.secureBoot === true ? ['mokutil'] : []), 'nanite-cuda'],
  };
}

/** Second-to-last word before the date in NVIDIA's line, in both its forms (own and open module). */
function readDriverVersion({ tree }: Machine): string | null {
  const line = tree.text('/proc/driver/nvidia/version', 4096) ?? '';
  const version =
    /^NVRM version:.*?\s(\d{3,}(?:\.\d+)+)\s/m.exec(line)?.[1] ?? tree.line('/sys/module/nvidia/version');
  return version !== null && /^\d{3,}(\.\d+)+$/.test(version) ? version : null;
}

/** DKMS (`nvidia-current.ko.xz`), or NVIDIA's installer (`kernel/drivers/video/nvidia.ko`). */
function moduleBuilt({ tree, platform }: Machine): boolean {
  if (platform.kernel === null || !/^[\w.+~-]+$/.test(platform.kernel)) return false;
  const modules = `/lib/modules/${platform.kernel}`;
  return ['updates/dkms', 'updates', 'kernel/drivers/video', 'extra'].some((folder) =>
    tree
      .list(`${modules}/${folder}`)
      .some((name) => /^nvidia(-current|-current-open|-tesla-\d+)?\.ko/.test(name)),
  );
}

/** The certificate that DKMS signs with, among those that the firmware's owner enrolled. */
function signingKeyEnrolled({ tree }: Machine): boolean {
  const certificate = tree.bytes('/var/lib/dkms/mok.pub', 65536);
  if (certificate === null || certificate.length < 64) return false;
  const enrolled =
    tree.bytes('/sys/firmware/efi/mok-variables/MokListRT', 1 << 20) ??
    tree.bytes('/sys/firmware/efi/efivars/MokListRT-605dab50-e046-4300-abb6-3dd810dd8b23', 1 << 20);
  return enrolled?.includes(certificate) ?? false;
}

function readName(device: PciDevice, machine: Machine): string | null {
  const information = machine.tree.text(`/proc/driver/nvidia/gpus/${device.address}/information`, 4096) ?? '';
  const model = printable(/^Model:\s*(.+)$/m.exec(information)?.[1]);
  // A GPU that did not start is called "Unknown" there.
  if (model !== null && model !== 'Unknown') return model;
  const product = machine.names.product(device.vendor, device.device);
  return product === null ? null : `NVIDIA ${product}`;
}

const unnamed = (device: PciDevice, generation: NvidiaGeneration | null): string =>
  `NVIDIA ${generation === null || generation === 'old' ? '' : `${title(generation)} `}GPU [10de:${device.device}]`;

const title = (generation: NvidiaGeneration | null): string =>
  generation === null ? 'this generation' : `${generation[0]!.toUpperCase()}${generation.slice(1)}`;
