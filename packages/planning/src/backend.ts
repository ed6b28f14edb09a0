import type { GpuBackend, HardwareReport } from '@nanite/contracts';

export type Backend = 'cpu' | GpuBackend;

export interface BackendChoice {
  backend: Backend;
  /** Memory of the GPU's own that models may take; 0 for the CPU and for GPUs that share the system's memory. */
  vramBytes: number;
  reason: string;
}

/** Best first. */
const preference: GpuBackend[] = ['cuda', 'rocm', 'vulkan'];

/** Share of a GPU's memory that is left to the screen and the driver. */
const vramShare = 0.9;

/**
 * Where a model computes.
 *
 * A GPU counts only where the hardware report says that a backend works on real hardware of its maker: Mesa's
 * llvmpipe and other renderers on the CPU give 6 tokens/s where the CPU gives 300, and never count.
 * @returns null where a backend is wished for that does not work here
 */
export function chooseBackend(
  wish: 'auto' | Backend,
  hardware: HardwareReport | null,
  installed: readonly string[],
): BackendChoice | null {
  if (wish === 'cpu')
    return { backend: 'cpu', vramBytes: 0, reason: 'The settings say that models run on the CPU.' };
  const gpus = (hardware?.gpus ?? []).filter((gpu) => ['nvidia', 'amd', 'intel'].includes(gpu.vendor));
  for (const backend of wish === 'auto' ? preference : [wish]) {
    if (!installed.includes(backend)) continue;
    const fit = gpus
      .filter((gpu) => gpu.works.includes(backend))
      .sort((a, b) => (b.vramBytes ?? 0) - (a.vramBytes ?? 0))[0];
    if (!fit) continue;
    return {
      backend,
      vramBytes: fit.sharedMemory ? 0 : Math.floor((fit.vramBytes ?? 0) * vramShare),
      reason: `Runs on ${fit.name} with ${backend}.`,
    };
  }
  if (wish !== 'auto') return null;
  const idle = gpus.find((gpu) => gpu.supports.length > 0);
  return {
    backend: 'cpu',
    vramBytes: 0,
    reason: idle
      ? `Runs on the CPU: ${idle.name} is not ready (see nanite gpu).`
      : 'Runs on the CPU: no GPU that models can use.',
  };
}
