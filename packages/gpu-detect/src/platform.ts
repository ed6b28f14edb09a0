import type { Tree } from './tree';

export interface Platform {
  /** As systemd-detect-virt names it; `none` on bare metal. */
  virtualisation: string;
  /** True where we share the kernel with a host, so that /sys shows devices which may not be ours. */
  container: boolean;
  /** Null where the firmware does not tell. */
  secureBoot: boolean | null;
  /** `uname -r`. */
  kernel: string | null;
  /** The kernel was told not to start display drivers. */
  modesetOff: boolean;
}

/** Vendor strings of DMI that a hypervisor's firmware writes, in the order in which systemd-detect-virt looks. */
const dmiVendors: readonly (readonly [RegExp, string])[] = [
  [/^(QEMU|Bochs|SeaBIOS)/i, 'qemu'],
  [/^KVM|Red Hat/i, 'kvm'],
  [/^Amazon EC2/i, 'amazon'],
  [/^VMware|^VMW/i, 'vmware'],
  [/^innotek GmbH|^VirtualBox/i, 'oracle'],
  [/^Oracle Corporation/i, 'oracle'],
  [/^Xen/i, 'xen'],
  [/^Parallels/i, 'parallels'],
  [/^BHYVE/i, 'bhyve'],
  [/^Google/i, 'google'],
  [/^Apple Virtualization/i, 'apple'],
];

export function readPlatform(tree: Tree): Platform {
  const container = readContainer(tree);
  return {
    virtualisation: container ?? readHypervisor(tree),
    container: container !== null,
    secureBoot: readSecureBoot(tree),
    kernel: tree.line('/proc/sys/kernel/osrelease'),
    modesetOff: /(^|\s)nomodeset(\s|$)/.test(tree.text('/proc/cmdline', 65536) ?? ''),
  };
}

function readContainer(tree: Tree): string | null {
  const named = tree.line('/run/systemd/container') ?? tree.line('/run/host/container-manager');
  if (named !== null) return /^[a-z][a-z0-9-]*$/.test(named) ? named : 'container-other';
  if (tree.exists('/run/.containerenv')) return 'podman';
  if (tree.exists('/.dockerenv')) return 'docker';
  if (/microsoft/i.test(tree.line('/proc/sys/kernel/osrelease') ?? '')) return 'wsl';
  return null;
}

function readHypervisor(tree: Tree): string {
  const cpuinfo = tree.bytes('/proc/cpuinfo', 16384)?.toString('latin1') ?? '';
  const hypervised = /^flags\s*:.*\bhypervisor\b/m.test(cpuinfo);
  const dmi = ['sys_vendor', 'product_name', 'board_vendor', 'bios_vendor'].map(
    (name) => tree.line(`/sys/class/dmi/id/${name}`) ?? '',
  );
  if (/^Microsoft/i.test(dmi[0] ?? '') && /^Virtual Machine/i.test(dmi[1] ?? '')) return 'microsoft';
  // Clouds sell bare metal under the same DMI names: the processor's flag decides.
  if (hypervised) {
    for (const [pattern, name] of dmiVendors) if (dmi.some((text) => pattern.test(text))) return name;
  }
  if (tree.line('/sys/hypervisor/type') === 'xen') return 'xen';
  return hypervised ? 'vm-other' : 'none';
}

/** EFI variable: four bytes of attributes, then 1 or 0. UEFI specification, section 3.3. */
function readSecureBoot(tree: Tree): boolean | null {
  const variable = tree.bytes(
    '/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c',
    16,
  );
  return variable?.length === 5 ? variable[4] === 1 : null;
}
