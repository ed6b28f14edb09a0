import type { GpuBackend } from '@nanite/contracts';
import type { Tree } from './tree';

/** What is installed that GPUs need, read from files: no program is run. */
export interface Software {
  /** Packages of interest that dpkg has installed, with their versions. */
  packages: ReadonlyMap<string, string>;
  /** Backends of llama.cpp whose shared object is there. */
  backends: ReadonlySet<GpuBackend>;
  /** Vulkan drivers that drive hardware. llvmpipe is not among them: it is a processor in disguise. */
  vulkanDrivers: ReadonlySet<VulkanDriver>;
  /** Version of the user-space NVIDIA driver, such as `550.163.01`; null where there is none. */
  libcuda: string | null;
  /** Major version of the CUDA runtime that our backend is built for. */
  cudaRuntime: number;
}

export type VulkanDriver = 'nvidia' | 'nouveau' | 'amd' | 'intel';

export const metapackages = ['nanite-cuda', 'nanite-rocm', 'nanite-vulkan'] as const;
export type Metapackage = (typeof metapackages)[number];

/** Where nanite-llama keeps the shared objects of its backends. */
const backendFolder = '/usr/lib/nanite/llama';
const backendFiles: Readonly<Record<GpuBackend, string>> = {
  cuda: 'libggml-cuda.so',
  rocm: 'libggml-hip.so',
  vulkan: 'libggml-vulkan.so',
};

const vulkanManifests: readonly (readonly [RegExp, VulkanDriver])[] = [
  [/^nvidia_/, 'nvidia'],
  [/^nouveau_/, 'nouveau'],
  [/^(radeon|amd)_/, 'amd'],
  [/^intel_/, 'intel'],
];

const ofInterest =
  /^(nanite-(cuda|rocm|vulkan)|nvidia-(driver|kernel-dkms|open-kernel-dkms|smi)|nvidia-tesla-535-kernel-dkms|linux-headers-(amd64|arm64)|libcudart\d+|mokutil)$/;

/** Debian's multiarch folders of the machines that Nanite knows. */
const libraryFolders = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib'];

export function readSoftware(tree: Tree): Software {
  const packages = readPackages(tree);
  const besideBackends = tree.list(backendFolder);
  const manifests = [...tree.list('/usr/share/vulkan/icd.d'), ...tree.list('/etc/vulkan/icd.d')];
  return {
    packages,
    backends: new Set(
      (Object.keys(backendFiles) as GpuBackend[]).filter((name) =>
        besideBackends.includes(backendFiles[name]),
      ),
    ),
    vulkanDrivers: new Set(
      vulkanManifests
        .filter(([pattern]) => manifests.some((name) => name.endsWith('.json') && pattern.test(name)))
        .map(([, driver]) => driver),
    ),
    libcuda: readLibcuda(tree),
    cudaRuntime: readCudaRuntime(besideBackends, packages),
  };
}

/** dpkg's status file: paragraphs divided by an empty line, `Package` first, `Status` second. */
export function readPackages(tree: Tree): Map<string, string> {
  const found = new Map<string, string>();
  const status = tree.bytes('/var/lib/dpkg/status')?.toString('latin1') ?? '';
  for (let at = 0; at < status.length;) {
    const end = status.indexOf('\n\n', at);
    const next = end === -1 ? status.length : end;
    if (status.startsWith('Package: ', at)) {
      const name = status.slice(at + 9, Math.min(next, status.indexOf('\n', at) >>> 0));
      if (ofInterest.test(name)) {
        const paragraph = status.slice(at, next);
        const version = /^Version: (\S+)$/m.exec(paragraph)?.[1] ?? '';
        if (/^Status: \S+ \S+ installed$/m.test(paragraph)) found.set(name, version);
      }
    }
    at = next + 2;
  }
  return found;
}

/** The library's file name carries the version; packages and NVIDIA's own installer agree on that. */
function readLibcuda(tree: Tree): string | null {
  for (const folder of libraryFolders) {
    if (!tree.exists(`${folder}/libcuda.so.1`)) continue;
    return /^libcuda\.so\.(\d{3,}(\.\d+)+)$/.exec(tree.realName(`${folder}/libcuda.so.1`))?.[1] ?? null;
  }
  return null;
}

function readCudaRuntime(besideBackends: string[], packages: ReadonlyMap<string, string>): number {
  for (const name of [...besideBackends, ...packages.keys()]) {
    const major = /^(?:libcudart\.so\.|libcublas\.so\.|libcudart)(\d{2})\b/.exec(name)?.[1];
    if (major !== undefined) return Number(major);
  }
  // Debian 13's toolkit, and what nanite-llama-cuda is built with.
  return 12;
}
