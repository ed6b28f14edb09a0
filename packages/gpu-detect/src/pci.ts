import { printable, type Tree } from './tree';

/** A display or compute controller on PCI, as sysfs shows it. Ids are four lower-case hexadecimal digits. */
export interface PciDevice {
  /** `0000:01:00.0` */
  address: string;
  vendor: string;
  device: string;
  revision: string | null;
  driver: string | null;
  /** DRM nodes: `card0`, `renderD128`. */
  drm: string[];
  /** Sizes of the base address registers in bytes, 0 where there is none; empty where unknown. */
  bars: number[];
  /** False where the config space reads all ones: the device fell off the bus, or sleeps for good. */
  answers: boolean;
  /** Folder in the tree. */
  path: string;
}

const devices = '/sys/bus/pci/devices';

/** Display controllers (class 03), and AMD's processing accelerators (class 12); Intel's class 12 are NPUs. */
export function readDisplayDevices(tree: Tree): PciDevice[] {
  const found: PciDevice[] = [];
  for (const address of tree.list(devices)) {
    const path = `${devices}/${address}`;
    const kind = id(tree, `${path}/class`, 6)?.slice(0, 2);
    const vendor = id(tree, `${path}/vendor`, 4);
    const device = id(tree, `${path}/device`, 4);
    if (vendor === null || device === null) continue;
    if (kind !== '03' && !(kind === '12' && vendor === '1002')) continue;
    // Virtual functions are made to be given to guests; the host's work runs on the physical one.
    if (tree.exists(`${path}/physfn`)) continue;
    found.push({
      address: printable(address) ?? address,
      vendor,
      device,
      revision: id(tree, `${path}/revision`, 2),
      driver: tree.linkName(`${path}/driver`),
      drm: tree.list(`${path}/drm`).filter((name) => /^(card|renderD)\d+$/.test(name)),
      bars: readBars(tree.text(`${path}/resource`, 4096)),
      answers: !(vendor === 'ffff' || /^0xff$/i.test(tree.text(`${path}/header_type`, 16) ?? '')),
      path,
    });
  }
  return found;
}

/** `0x10de` → `10de`; null for anything that is not a number of that many digits. */
function id(tree: Tree, path: string, digits: number): string | null {
  const text = tree.text(path, 64)?.toLowerCase() ?? '';
  return new RegExp(`^0x[0-9a-f]{${digits}}$`).test(text) ? text.slice(2) : null;
}

/** `resource`: start, end and flags of each region, the first six are the base address registers. */
export function readBars(resource: string | null): number[] {
  const sizes: number[] = [];
  for (const line of (resource ?? '').split('\n').slice(0, 6)) {
    const [, start, end] =
      /^(0x[0-9a-f]{1,16}) (0x[0-9a-f]{1,16}) 0x[0-9a-f]{1,16}$/i.exec(line.trim()) ?? [];
    if (start === undefined || end === undefined) return [];
    const size = BigInt(end) === 0n ? 0n : BigInt(end) - BigInt(start) + 1n;
    sizes.push(size > 0n && size < 1n << 50n ? Number(size) : 0);
  }
  return sizes;
}
