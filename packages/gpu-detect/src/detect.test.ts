import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { HardwareReport } from '@nanite/contracts';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  layOut,
  type Machine,
  machineNames,
  readMachine,
  removeTree,
  toolAnswers,
} from './__fixtures__/machine';
import { detect } from './detect';

// Thousands of small files are written here: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 180_000 });

const made: string[] = [];
afterEach(() => made.splice(0).forEach(removeTree));

const rootOf = (machine: Machine): string => {
  const root = layOut(machine);
  made.push(root);
  return root;
};

const reportOf = (machine: Machine): HardwareReport => detect(rootOf(machine), toolAnswers(machine));

const GiB = 1 << 30;

/** One GPU, shortly: generation, memory in GiB or `shared` or null, driver, what it could use, what works. */
type Short = [string | null, number | 'shared' | null, string | null, string, string];

const shorten = (report: HardwareReport): Record<string, Short> =>
  Object.fromEntries(
    report.gpus.map((gpu) => [
      `${gpu.id} ${gpu.name}`,
      [
        gpu.generation,
        gpu.sharedMemory ? 'shared' : gpu.vramBytes === null ? null : Math.round(gpu.vramBytes / GiB),
        gpu.driver,
        gpu.supports.join(' '),
        gpu.works.join(' '),
      ],
    ]),
  );

interface Expected {
  gpus: Record<string, Short>;
  recommended: string | null;
  advice: string[];
}

const expected: Record<string, Expected> = {
  'laptop-intel': {
    gpus: { '0000:00:02.0 Intel Iris Xe Graphics': ['xe-lp', 'shared', 'i915', 'vulkan', ''] },
    recommended: null,
    advice: [],
  },
  'laptop-meteor-lake': {
    gpus: { '0000:00:02.0 Intel Arc Graphics': ['xe-lpg', 'shared', 'i915', 'vulkan', ''] },
    recommended: 'nanite-vulkan',
    advice: ['nanite-vulkan-missing'],
  },
  'laptop-optimus': {
    gpus: {
      '0000:00:02.0 Intel Iris Xe Graphics': ['xe-lp', 'shared', 'i915', 'vulkan', 'vulkan'],
      '0000:01:00.0 NVIDIA GeForce RTX 3050 Laptop GPU': ['ampere', 4, 'nvidia', 'cuda vulkan', 'vulkan'],
    },
    recommended: 'nanite-cuda',
    advice: ['nanite-cuda-missing'],
  },
  'laptop-amd-apu': {
    gpus: { '0000:64:00.0 AMD Radeon 680M': ['rdna2', 'shared', 'amdgpu', 'vulkan', ''] },
    recommended: 'nanite-vulkan',
    advice: ['nanite-vulkan-missing'],
  },
  'laptop-amd-vega': {
    gpus: { '0000:04:00.0 AMD VEGA GPU (gfx90c) [1002:1638]': ['vega', 'shared', 'amdgpu', 'vulkan', ''] },
    recommended: null,
    advice: [],
  },
  'desktop-kepler': {
    gpus: { '0000:01:00.0 NVIDIA GeForce GTX 680': [null, null, 'nouveau', '', ''] },
    recommended: null,
    advice: ['gpu-too-old', 'cpu-without-avx2'],
  },
  'desktop-pascal': {
    gpus: { '0000:01:00.0 NVIDIA GeForce GTX 1080': ['pascal', 8, 'nvidia', 'cuda vulkan', 'cuda'] },
    recommended: 'nanite-cuda',
    advice: [],
  },
  'desktop-turing-nouveau': {
    gpus: { '0000:08:00.0 NVIDIA GeForce RTX 2060 Rev. A': ['turing', null, 'nouveau', 'cuda vulkan', ''] },
    recommended: 'nanite-cuda',
    advice: ['nouveau-in-use'],
  },
  'desktop-ampere-no-driver': {
    gpus: { '0000:08:00.0 NVIDIA GeForce RTX 3090': ['ampere', null, null, 'cuda vulkan', ''] },
    recommended: 'nanite-cuda',
    advice: ['nvidia-driver-missing'],
  },
  'workstation-ada-secure-boot': {
    gpus: { '0000:01:00.0 NVIDIA GeForce RTX 4090': ['ada', null, null, 'cuda vulkan', ''] },
    recommended: 'nanite-cuda',
    advice: ['secure-boot-unsigned-module'],
  },
  'workstation-ada-module-missing': {
    gpus: { '0000:01:00.0 NVIDIA GeForce RTX 4090': ['ada', null, null, 'cuda vulkan', ''] },
    recommended: 'nanite-cuda',
    advice: ['nvidia-module-not-built'],
  },
  'desktop-blackwell': {
    gpus: { '0000:01:00.0 NVIDIA GeForce RTX 5090': ['blackwell', null, null, 'cuda vulkan', ''] },
    recommended: 'nanite-cuda',
    advice: ['nvidia-driver-refused'],
  },
  'workstation-two-nvidia': {
    gpus: {
      '0000:01:00.0 NVIDIA GeForce RTX 3090': ['ampere', 24, 'nvidia', 'cuda vulkan', ''],
      '0000:02:00.0 NVIDIA GeForce RTX 2080 Ti': ['turing', 11, 'nvidia', 'cuda vulkan', ''],
    },
    recommended: 'nanite-cuda',
    advice: ['nanite-cuda-missing', 'nanite-cuda-missing'],
  },
  'server-hopper': {
    gpus: {
      '0000:03:00.0 ASPEED Graphics Family': [null, null, 'ast', '', ''],
      ...Object.fromEntries(
        ['1b', '43', '52', '61', '9d', 'c3', 'd1', 'df'].map((bus) => [
          `0000:${bus}:00.0 NVIDIA H100 80GB HBM3`,
          ['hopper', 80, 'nvidia', 'cuda vulkan', 'cuda'] satisfies Short,
        ]),
      ),
    },
    recommended: 'nanite-cuda',
    advice: [],
  },
  'desktop-rdna3': {
    gpus: {
      '0000:03:00.0 AMD Radeon RX 7900 XT/7900 XTX/7900 GRE/7900M': [
        'rdna3',
        24,
        'amdgpu',
        'rocm vulkan',
        'vulkan',
      ],
      '0000:6d:00.0 AMD Raphael': ['rdna2', 'shared', 'amdgpu', 'vulkan', 'vulkan'],
    },
    recommended: 'nanite-vulkan',
    advice: [],
  },
  'desktop-rdna4-no-firmware': {
    gpus: { '0000:03:00.0 AMD RX 9070/9070 XT': ['rdna4', null, null, 'rocm vulkan', ''] },
    recommended: 'nanite-vulkan',
    advice: ['amd-firmware-missing'],
  },
  'server-mi210': {
    gpus: {
      '0000:23:00.0 AMD Instinct MI210': ['cdna2', 64, 'amdgpu', 'rocm', ''],
      '0000:a3:00.0 AMD Instinct MI210': ['cdna2', 64, 'amdgpu', 'rocm', ''],
      '0000:c2:00.0 ASPEED Graphics Family': [null, null, 'ast', '', ''],
    },
    recommended: 'nanite-rocm',
    advice: ['nanite-rocm-missing', 'nanite-rocm-missing'],
  },
  'server-mi300x': {
    gpus: {
      '0002:01:00.0 AMD CDNA3 GPU (gfx942) [1002:74a1]': ['cdna3', 192, 'amdgpu', 'rocm', ''],
      '0003:01:00.0 AMD CDNA3 GPU (gfx942) [1002:74a1]': ['cdna3', 192, 'amdgpu', 'rocm', ''],
    },
    recommended: null,
    advice: ['rocm-old', 'rocm-old'],
  },
  'desktop-arc-a770': {
    gpus: {
      '0000:00:02.0 Intel UHD Graphics 630': ['gen9', 'shared', 'i915', 'vulkan', ''],
      '0000:03:00.0 Intel Arc A770': ['xe-hpg', null, 'i915', 'vulkan', ''],
    },
    recommended: 'nanite-vulkan',
    advice: ['resizable-bar-off', 'nanite-vulkan-missing'],
  },
  'desktop-arc-b580': {
    gpus: { '0000:0b:00.0 Intel Arc B580': ['xe2-hpg', 12, 'xe', 'vulkan', ''] },
    recommended: 'nanite-vulkan',
    advice: ['nanite-vulkan-missing'],
  },
  'vm-virtio': {
    gpus: { '0000:00:01.0 Virtio GPU': [null, null, 'virtio-pci', '', ''] },
    recommended: null,
    advice: ['virtual-gpu', 'cpu-without-avx2'],
  },
  'vm-passthrough': {
    gpus: {
      '0000:00:01.0 QXL paravirtual graphics': [null, null, 'qxl', '', ''],
      '0000:06:10.0 NVIDIA GeForce RTX 3090': ['ampere', null, null, 'cuda vulkan', ''],
    },
    recommended: 'nanite-cuda',
    advice: ['virtual-gpu', 'nvidia-driver-missing'],
  },
  'host-passthrough': {
    gpus: {
      '0000:00:02.0 Intel UHD Graphics 770': ['xe-lp', 'shared', 'i915', 'vulkan', ''],
      '0000:01:00.0 NVIDIA GeForce RTX 4090': [null, null, 'vfio-pci', '', ''],
    },
    recommended: null,
    advice: ['gpu-passed-through'],
  },
  'broken-driver-mismatch': {
    gpus: { '0000:08:00.0 NVIDIA GeForce RTX 3060': ['ampere', null, 'nvidia', 'cuda vulkan', ''] },
    recommended: 'nanite-cuda',
    advice: ['nvidia-version-mismatch'],
  },
  'broken-driver-hangs': {
    gpus: { '0000:08:00.0 NVIDIA GeForce RTX 3060': ['ampere', null, 'nvidia', 'cuda vulkan', ''] },
    recommended: 'nanite-cuda',
    advice: ['nvidia-driver-failed'],
  },
  'broken-driver-old': {
    gpus: { '0000:08:00.0 NVIDIA GeForce RTX 3060': ['ampere', 12, 'nvidia', 'cuda vulkan', ''] },
    recommended: 'nanite-cuda',
    advice: ['nvidia-driver-old'],
  },
  'gpu-off-bus': {
    gpus: { '0000:08:00.0 NVIDIA GPU [10de:2204]': [null, null, 'nvidia', '', ''] },
    recommended: null,
    advice: ['gpu-not-answering'],
  },
  'container-no-pci': { gpus: {}, recommended: null, advice: ['memory-limited'] },
  'container-cgroup-v1': {
    gpus: { '0000:02:00.0 NVIDIA Tesla T4': ['turing', null, 'nvidia', 'cuda vulkan', ''] },
    recommended: null,
    advice: ['gpu-not-in-container', 'memory-limited'],
  },
  'board-arm': {
    gpus: { '1002000000.v3d Integrated graphics (v3d)': [null, 'shared', 'v3d', '', ''] },
    recommended: null,
    advice: [],
  },
};

test('every machine has its expectation, and each expectation its machine', () => {
  expect(Object.keys(expected).sort()).toEqual([...machineNames].sort());
});

describe.each(machineNames)('%s', (name) => {
  const machine = readMachine(name);
  test(machine.title, () => {
    const report = reportOf(machine);
    expect(HardwareReport.parse(report)).toEqual(report);
    expect({
      gpus: shorten(report),
      recommended: report.recommended,
      advice: report.advice.map(({ code }) => code),
    }).toEqual(expected[name]);
  });
});

const adviceOf = (machine: Machine, code: string) =>
  reportOf(machine).advice.find((entry) => entry.code === code);

const change = (name: string, edit: (machine: Machine) => void): Machine => {
  const machine = readMachine(name);
  edit(machine);
  return machine;
};

describe('what to install', () => {
  test('driver, signing tool and backend where Secure Boot is on', () => {
    expect(adviceOf(readMachine('desktop-ampere-no-driver'), 'nvidia-driver-missing')?.install).toEqual([
      'linux-headers-amd64',
      'nvidia-driver',
      'libcuda1',
      'nvidia-smi',
      'mokutil',
      'nanite-cuda',
    ]);
  });

  test("nothing of Debian for a GPU that Debian's driver does not know", () => {
    const machine = change('desktop-ampere-no-driver', (it) => (it.pci![0]!.id = '10de:2b85'));
    const advice = adviceOf(machine, 'nvidia-driver-missing');
    expect(advice?.install).toEqual([]);
    expect(advice?.message).toContain('570 or newer');
  });

  test('the firmware of AMD and of Intel', () => {
    expect(adviceOf(readMachine('desktop-rdna4-no-firmware'), 'amd-firmware-missing')?.install).toEqual([
      'firmware-amd-graphics',
    ]);
    const machine = change('desktop-arc-b580', (it) => {
      delete it.files!['/lib/firmware/xe/bmg_guc_70.bin'];
      delete it.pci![0]!.driver;
      delete it.pci![0]!.drm;
    });
    expect(adviceOf(machine, 'intel-firmware-missing')?.install).toEqual(['firmware-intel-graphics']);
  });

  test('Mesa where the kernel drives an AMD GPU and no Vulkan driver is there', () => {
    const machine = change(
      'desktop-rdna3',
      (it) => delete it.files!['/usr/share/vulkan/icd.d/radeon_icd.json'],
    );
    expect(adviceOf(machine, 'vulkan-driver-missing')?.install).toEqual(['mesa-vulkan-drivers']);
    expect(reportOf(machine).gpus.flatMap((gpu) => gpu.works)).toEqual([]);
  });

  test('no restart with new packages where nouveau was only faster than an installed driver', () => {
    const machine = change(
      'desktop-turing-nouveau',
      (it) => (it.packages = { 'nvidia-kernel-dkms': '550.163.01-2' }),
    );
    expect(adviceOf(machine, 'nouveau-in-use')).toMatchObject({ install: [] });
  });
});

describe("NVIDIA's driver", () => {
  test('a module signed with an enrolled key is not blamed on Secure Boot', () => {
    const machine = change('workstation-ada-secure-boot', (it) => {
      const list = '/sys/firmware/efi/mok-variables/MokListRT';
      it.hex![list] = `${it.hex![list]}${it.hex!['/var/lib/dkms/mok.pub']}`;
    });
    expect(reportOf(machine).advice.map(({ code }) => code)).toEqual(['nvidia-module-not-loaded']);
  });

  test('Pascal cannot use a backend that was built for CUDA 13', () => {
    const machine = change('desktop-pascal', (it) => {
      delete it.files!['/usr/lib/nanite/llama/libcudart.so.12'];
      it.files!['/usr/lib/nanite/llama/libcudart.so.13'] = '';
      it.files!['/usr/lib/nanite/llama/libggml-vulkan.so'] = '';
    });
    const report = reportOf(machine);
    expect(report.gpus[0]).toMatchObject({ supports: ['vulkan'], works: ['vulkan'] });
    expect(report.recommended).toBe('nanite-vulkan');
  });

  test('a branch that dropped the GPU, and an open module that never knew it, are told apart', () => {
    const loaded = (version: string, packages: Record<string, string>): Machine =>
      change('desktop-blackwell', (it) => {
        it.pci![0]!.id = '10de:1b80';
        it.packages = packages;
        it.files!['/proc/driver/nvidia/version'] =
          `NVRM version: NVIDIA UNIX x86_64 Kernel Module  ${version}  x\n`;
      });
    expect(adviceOf(loaded('590.44.01', {}), 'nvidia-driver-refused')?.message).toContain(
      'no longer knows Pascal',
    );
    expect(
      adviceOf(loaded('550.163.01', { 'nvidia-open-kernel-dkms': '1' }), 'nvidia-driver-refused')?.message,
    ).toContain('nvidia-kernel-dkms');
  });

  test('without nvidia-smi the size of the memory is asked for; with it not yet run, it is not', () => {
    const without = change('desktop-pascal', (it) => {
      delete it.files!['/usr/bin/nvidia-smi'];
      delete it.nvidiaSmi;
    });
    expect(adviceOf(without, 'vram-unknown')?.install).toEqual(['nvidia-smi']);
    expect(
      adviceOf(
        change('desktop-pascal', (it) => delete it.nvidiaSmi),
        'vram-unknown',
      ),
    ).toBeUndefined();
  });

  test('a GPU that nvidia-smi leaves out does not work, its neighbour does', () => {
    const machine = change('server-hopper', (it) => {
      if (it.nvidiaSmi !== undefined && 'lines' in it.nvidiaSmi) it.nvidiaSmi.lines.shift();
    });
    const report = reportOf(machine);
    expect(report.advice).toMatchObject([{ code: 'nvidia-driver-failed', gpu: '0000:1b:00.0' }]);
    expect(report.gpus.filter((gpu) => gpu.works.includes('cuda'))).toHaveLength(7);
  });
});

test('llvmpipe never makes Vulkan work', () => {
  const machine = readMachine('vm-virtio');
  expect(Object.keys(machine.files ?? {})).toContain('/usr/share/vulkan/icd.d/lvp_icd.json');
  const report = reportOf(machine);
  expect(report.gpus.flatMap((gpu) => [...gpu.works, ...gpu.supports])).toEqual([]);
  expect(report.recommended).toBeNull();
});

test('nomodeset is named as the reason where no driver started', () => {
  const machine = change('desktop-rdna4-no-firmware', (it) => {
    it.files!['/proc/cmdline'] = 'BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro nomodeset quiet\n';
  });
  expect(reportOf(machine).advice.map(({ code }) => code)).toEqual(['modesetting-off']);
});

test('an A770 tells its memory by the size of its window', () => {
  const report = (mebibytes: number) =>
    reportOf(change('desktop-arc-a770', (it) => (it.pci![1]!.bars = [16, 0, mebibytes])));
  expect(report(16384).gpus[1]?.vramBytes).toBe(16 * GiB);
  expect(report(8192).gpus[1]?.vramBytes).toBe(8 * GiB);
});

describe('hostile and broken trees', () => {
  test('nothing at all', () => {
    const root = rootOf({ title: 'empty' });
    rmSync(root, { recursive: true });
    const report = HardwareReport.parse(detect(root));
    expect(report).toMatchObject({
      gpus: [],
      memory: { modelBudgetBytes: 0 },
      cpu: { cores: 1, threads: 1 },
    });
    expect(report.advice.map(({ code }) => code)).toEqual(['memory-unknown']);
  });

  test('a folder, a FIFO and a loop in the place of files are named and harm nothing else', () => {
    const root = rootOf(readMachine('desktop-rdna3'));
    const replace = (path: string, make: (at: string) => void): void => {
      rmSync(join(root, path), { recursive: true, force: true });
      mkdirSync(dirname(join(root, path)), { recursive: true });
      make(join(root, path));
    };
    replace('/var/lib/dpkg/status', (at) => mkdirSync(at));
    replace('/proc/cmdline', (at) => execFileSync('mkfifo', [at]));
    replace('/usr/share/misc/pci.ids', (at) => symlinkSync('pci.ids', at));
    const report = HardwareReport.parse(detect(root));
    expect(report.gpus.map((gpu) => gpu.works)).toEqual([['vulkan'], ['vulkan']]);
    const message = report.advice.find(({ code }) => code === 'unreadable')?.message ?? '';
    for (const path of ['/var/lib/dpkg/status', '/proc/cmdline', '/usr/share/misc/pci.ids']) {
      expect(message).toContain(path);
    }
  });

  test('a link in a recorded tree does not lead out of it', () => {
    const root = rootOf(readMachine('laptop-intel'));
    rmSync(join(root, 'usr/share/misc/pci.ids'));
    symlinkSync('/etc/passwd', join(root, 'usr/share/misc/pci.ids'));
    mkdirSync(join(root, 'etc'));
    writeFileSync(join(root, 'etc/passwd'), '\n8086  Intel\n\t9a49  Inside [the tree]\n');
    expect(detect(root).gpus[0]?.name).toBe('Intel the tree');
  });

  test('names from devices are stripped of what would paint a terminal', () => {
    const machine = change('server-mi210', (it) => {
      it.pci![0]!.files!['product_name'] = `\u001b[31mMI\u0007 210\u202e${'x'.repeat(500)}`;
    });
    const name = reportOf(machine).gpus[0]?.name ?? '';

    expect(name).not.toMatch(/[\u0000-\u001f\u202e]/);
    expect(name.length).toBeLessThanOrEqual(204);
  });

  // Every file of every machine, one after the other, replaced by each kind of nonsense: a report comes, and is valid.
  const nonsense: Record<string, Buffer> = {
    empty: Buffer.alloc(0),
    binary: Buffer.from(Array.from({ length: 300 }, (_, index) => (index * 89 + 7) % 256)),
    huge: Buffer.from(`0x${'f'.repeat(16)}\n${'9'.repeat(400)}\n`),
    negative: Buffer.from('-1\n'),
    words: Buffer.from(
      'not a number at all: 12abc\nNVRM version: none\nMemTotal: -5 kB\nMemAvailable: 1e99 kB\n',
    ),
  };
  test.each(machineNames)('any file of %s may be nonsense', (name) => {
    const machine = readMachine(name);
    // Hundreds of processors make the same files again.
    if (machine.cpu !== undefined) Object.assign(machine.cpu, { packages: 1, cores: 2 });
    // So do eight GPUs of a kind.
    machine.pci = machine.pci?.slice(0, 3);
    const root = rootOf(machine);
    const files = execFileSync('find', [root, '-type', 'f', '-size', '-64k', '-not', '-path', '*/cpu/cpu*'], {
      encoding: 'utf8',
    })
      .trim()
      .split('\n');
    const content = new Map(files.map((file) => [file, readFileSync(file)]));
    for (const [file, original] of content) {
      for (const bytes of Object.values(nonsense)) {
        writeFileSync(file, bytes);
        const parsed = HardwareReport.safeParse(detect(root, toolAnswers(machine)));
        expect(parsed.error?.message, `${file} ${bytes.toString('latin1').slice(0, 20)}`).toBeUndefined();
        expect(parsed.data?.advice.map(({ code }) => code)).not.toContain('examination-failed');
      }
      writeFileSync(file, original);
    }
  });
});
