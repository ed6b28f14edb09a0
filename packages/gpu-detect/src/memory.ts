import type { HardwareReport } from '@nanite/contracts';
import { type Tree, wholeNumber } from './tree';

type Memory = HardwareReport['memory'];

export interface MemoryFacts extends Memory {
  /** The control group whose limit is below the machine's memory; null where none is. */
  limitedBy: string | null;
}

const GiB = 1 << 30;

/**
 * What all models together may take of `total` bytes.
 *
 * A quarter stays with the system and the person's programs, at least 1 GiB and at most 16 GiB; on machines so small
 * that 1 GiB is more than half, half stays. It is a standing share, not what is free now: whoever loads a model looks
 * at MemAvailable as well. ADR 0031 gives the reasons.
 */
export function modelBudget(total: number): number {
  const reserve = Math.min(Math.max(total / 4, GiB), 16 * GiB, total / 2);
  return Math.max(Math.floor(total - reserve), 0);
}

export function readMemory(tree: Tree): MemoryFacts {
  const meminfo = tree.text('/proc/meminfo', 65536) ?? '';
  const kilobytes = (key: string): number | null => {
    const value = wholeNumber(new RegExp(`^${key}:\\s*(\\d+) kB`, 'm').exec(meminfo)?.[1]);
    return value === null || value > 2 ** 43 ? null : value * 1024;
  };
  const machine = kilobytes('MemTotal') ?? 0;
  // Reserved huge pages belong to whoever reserved them (databases, virtual machines).
  const usable = Math.max(machine - (kilobytes('Hugetlb') ?? 0), 0);
  let available = Math.min(kilobytes('MemAvailable') ?? kilobytes('MemFree') ?? 0, usable);
  let total = usable;
  let limitedBy: string | null = null;
  for (const group of controlGroups(tree)) {
    const { limit, used } = group;
    if (limit === null) continue;
    if (limit < total) {
      total = limit;
      limitedBy = group.path;
    }
    available = Math.min(available, Math.max(limit - used, 0));
  }
  return {
    totalBytes: total,
    availableBytes: Math.min(available, total),
    modelBudgetBytes: modelBudget(total),
    limitedBy,
  };
}

interface ControlGroup {
  path: string;
  limit: number | null;
  /** Bytes in use that cannot be dropped at once. */
  used: number;
}

/**
 * The groups whose limits hold for models: the top of what we see (a container's own limit is there) and the groups
 * between it and the first one that systemd made, and, where systemd runs, `system.slice`, where models run. Our own
 * service's or session's limits are not among them: they do not limit models.
 */
function controlGroups(tree: Tree): ControlGroup[] {
  const own = tree.text('/proc/self/cgroup', 65536) ?? '';
  const systemd = tree.exists('/run/systemd/system');
  const found: ControlGroup[] = [];
  for (const line of own.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    const version1 = controllers.split(',').includes('memory');
    if (!version1 && controllers !== '') continue;
    const mount = version1 ? '/sys/fs/cgroup/memory' : '/sys/fs/cgroup';
    const read = version1 ? readVersion1 : readVersion2;
    for (const group of prefixes(path, systemd)) {
      found.push({ path: `${mount}${group}`, ...read(tree, `${mount}${group}`) });
    }
  }
  return found;
}

/** `/a/b` → ``, `/a`, `/a/b`; with systemd only down to its own groups, and `/system.slice`. */
function prefixes(path: string, systemd: boolean): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '..' && part !== '.');
  const ours = systemd ? parts.findIndex((part) => /\.(slice|scope|service)$/.test(part)) : -1;
  const outer = (ours === -1 ? parts : parts.slice(0, ours)).slice(0, 32);
  const groups = outer.map((_, index) => `/${outer.slice(0, index + 1).join('/')}`);
  return ['', ...groups, ...(systemd ? [`${groups.at(-1) ?? ''}/system.slice`] : [])];
}

function readVersion2(tree: Tree, folder: string): Omit<ControlGroup, 'path'> {
  // memory.high does not kill, it throttles to a crawl: for a model that is the same.
  const limits = [tree.count(`${folder}/memory.max`), tree.count(`${folder}/memory.high`)];
  const known = limits.filter((limit) => limit !== null);
  if (known.length === 0) return { limit: null, used: 0 };
  const current = tree.count(`${folder}/memory.current`) ?? 0;
  return { limit: Math.min(...known), used: current - droppable(tree, folder, 'inactive_file') };
}

function readVersion1(tree: Tree, folder: string): Omit<ControlGroup, 'path'> {
  const stat = tree.text(`${folder}/memory.stat`, 65536) ?? '';
  // Covers groups above those that a container can see. "No limit" is a number near 2^63.
  const hierarchical = wholeNumber(/^hierarchical_memory_limit (\d+)$/m.exec(stat)?.[1]);
  const own = tree.count(`${folder}/memory.limit_in_bytes`);
  const known = [hierarchical, own].filter((limit) => limit !== null);
  if (known.length === 0) return { limit: null, used: 0 };
  const current = tree.count(`${folder}/memory.usage_in_bytes`) ?? 0;
  return { limit: Math.min(...known), used: current - droppable(tree, folder, 'total_inactive_file') };
}

function droppable(tree: Tree, folder: string, key: string): number {
  const stat = tree.text(`${folder}/memory.stat`, 65536) ?? '';
  return wholeNumber(new RegExp(`^${key} (\\d+)$`, 'm').exec(stat)?.[1]) ?? 0;
}
