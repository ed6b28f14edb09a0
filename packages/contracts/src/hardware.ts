import { z } from 'zod';

/** A number of bytes. */
export const Bytes = z.number().int().nonnegative();

export const GpuVendor = z.enum(['nvidia', 'amd', 'intel', 'virtual', 'other']);
export const GpuBackend = z.enum(['cuda', 'rocm', 'vulkan']);

/** One display or compute controller. */
export const Gpu = z.object({
  /** PCI address such as `0000:01:00.0`, or the sysfs name of a device without PCI. */
  id: z.string(),
  vendor: GpuVendor,
  /** PCI ids, four hexadecimal digits each; null where the device is not on PCI. */
  pci: z.object({ vendor: z.string(), device: z.string() }).nullable(),
  name: z.string(),
  /** Generation as the vendor names it: `ampere`, `rdna3`, `xe-hpg`; null where unknown. */
  generation: z.string().nullable(),
  /** Memory of its own; null where it shares the system's or cannot be known without the driver. */
  vramBytes: Bytes.nullable(),
  /** True where the GPU uses the system's memory (integrated graphics, APU). */
  sharedMemory: z.boolean(),
  /** Kernel driver bound now, such as `nvidia`, `nouveau`, `amdgpu`, `vfio-pci`; null where none is. */
  driver: z.string().nullable(),
  driverVersion: z.string().nullable(),
  /** Backends this hardware can serve once everything needed is installed. */
  supports: z.array(GpuBackend),
  /** Backends that work now. */
  works: z.array(GpuBackend),
});

/** Something that keeps hardware from being used, or that would make it better, and what to do. */
export const HardwareAdvice = z.object({
  /** Stable identifier such as `nvidia-driver-missing`. */
  code: z.string(),
  severity: z.enum(['error', 'warning', 'hint']),
  /** PCI address of the GPU concerned; null for the whole machine. */
  gpu: z.string().nullable(),
  /** What is the matter, and why. */
  message: z.string(),
  /** Packages whose installation mends it. */
  install: z.array(z.string()),
});

/** What hardware is here and what it can run: `/run/nanite/hardware.json`, `nanite gpu --json`. */
export const HardwareReport = z.object({
  schema: z.literal(1),
  cpu: z.object({
    model: z.string(),
    /** Highest x86-64 microarchitecture level (psABI), 1 to 4; 0 on other architectures. */
    level: z.number().int().min(0).max(4),
    /** Flags of /proc/cpuinfo that matter to inference: avx2, avx512f, amx_int8, … */
    flags: z.array(z.string()),
    /** Physical cores and logical processors of the whole machine. */
    cores: z.number().int().positive(),
    threads: z.number().int().positive(),
    numaNodes: z.number().int().positive(),
  }),
  memory: z.object({
    /** What this system may use: MemTotal without reserved huge pages, or less where a control group says so. */
    totalBytes: Bytes,
    /** Free or to be freed at once when the report was made. */
    availableBytes: Bytes,
    /**
     * What all models together may take of system memory: a standing share of `totalBytes` (docs/decisions/0031), not
     * what is available now; who loads a model looks at that as well.
     */
    modelBudgetBytes: Bytes,
    /** How fast one thread copies memory, read and written bytes together; absent where it was not measured. */
    bytesPerSecond: z.number().positive().optional(),
  }),
  gpus: z.array(Gpu),
  /** `none`, or the container manager or hypervisor as systemd-detect-virt names it. */
  virtualisation: z.string(),
  /** Null where the firmware does not tell. */
  secureBoot: z.boolean().nullable(),
  /** Installed metapackages of ours that bring a backend: nanite-cuda, nanite-rocm, nanite-vulkan. */
  installed: z.array(z.string()),
  /** The metapackage to install for the best backend; null where the CPU is the best there is. */
  recommended: z.enum(['nanite-cuda', 'nanite-rocm', 'nanite-vulkan']).nullable(),
  advice: z.array(HardwareAdvice),
});

export type Gpu = z.infer<typeof Gpu>;
export type GpuVendor = z.infer<typeof GpuVendor>;
export type GpuBackend = z.infer<typeof GpuBackend>;
export type HardwareAdvice = z.infer<typeof HardwareAdvice>;
export type HardwareReport = z.infer<typeof HardwareReport>;
