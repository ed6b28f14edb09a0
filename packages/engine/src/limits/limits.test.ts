import { describe, expect, it } from 'vitest';
import { cgroupLimits, unifiedLimits } from './cgroup';
import { cpuLimits, mostThreads, parseCpuList } from './cpus';

const tree =
  (files: Record<string, string>) =>
  (path: string): string | null =>
    files[path] ?? null;

describe('cgroupLimits', () => {
  it('finds none where there is no limit', () => {
    const read = tree({
      '/proc/self/cgroup': '0::/user.slice/session-1.scope\n',
      '/sys/fs/cgroup/user.slice/cpu.max': 'max 100000\n',
      '/sys/fs/cgroup/user.slice/memory.max': 'max\n',
    });
    expect(cgroupLimits(read)).toEqual({ cpuQuota: null, memoryBytes: null });
  });

  it('takes the tightest limit of the v2 chain, wherever it is set', () => {
    const read = tree({
      '/proc/self/cgroup': '0::/a.slice/b.service\n',
      '/sys/fs/cgroup/a.slice/b.service/cpu.max': '400000 100000\n',
      '/sys/fs/cgroup/a.slice/cpu.max': '150000 100000\n',
      '/sys/fs/cgroup/a.slice/b.service/memory.max': '1073741824\n',
      '/sys/fs/cgroup/a.slice/memory.max': '2147483648\n',
    });
    expect(cgroupLimits(read)).toEqual({ cpuQuota: 1.5, memoryBytes: 1073741824 });
  });

  it('reads the mount itself in a container, whose path lies elsewhere', () => {
    const read = tree({
      '/proc/self/cgroup': '0::/../../machine.slice/x\n',
      '/sys/fs/cgroup/cpu.max': '200000 100000\n',
    });
    expect(cgroupLimits(read).cpuQuota).toBe(2);
  });

  it('reads v1 hierarchies, joined controllers and the unlimited marks', () => {
    const read = tree({
      '/proc/self/cgroup': '5:memory:/docker/1\n4:cpu,cpuacct:/docker/1\n0::/\n',
      '/sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_quota_us': '50000\n',
      '/sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_period_us': '100000\n',
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
      '/sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes': '536870912\n',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    });
    expect(cgroupLimits(read)).toEqual({ cpuQuota: 0.5, memoryBytes: 536870912 });
  });

  it('gives a named v2 path', () => {
    const read = tree({ '/sys/fs/cgroup/nanite.slice/cpu.max': '100000 100000' });
    expect(unifiedLimits(read, '/nanite.slice/nanite-models.slice').cpuQuota).toBe(1);
  });
});

describe('cpus', () => {
  it('parses kernel lists', () => {
    expect(parseCpuList('0-3,8,10-11\n')).toEqual([0, 1, 2, 3, 8, 10, 11]);
    expect(parseCpuList('')).toEqual([]);
  });

  it('counts cores among the allowed processors only', () => {
    const read = tree({
      '/proc/self/status': 'Name:\tx\nCpus_allowed_list:\t0-2\n',
      '/sys/devices/system/cpu/online': '0-7\n',
      '/sys/devices/system/cpu/cpu0/topology/thread_siblings_list': '0-1\n',
      '/sys/devices/system/cpu/cpu1/topology/thread_siblings_list': '0-1\n',
      '/sys/devices/system/cpu/cpu2/topology/thread_siblings_list': '2-3\n',
    });
    expect(cpuLimits(read, { cpuQuota: null, memoryBytes: null }, 8)).toEqual({
      allowed: 3,
      cores: 2,
      quota: null,
    });
  });

  it('ignores processors in the mask that are not there', () => {
    const read = tree({
      '/proc/self/status': 'Cpus_allowed_list:\t0-127\n',
      '/sys/devices/system/cpu/online': '0-1\n',
    });
    expect(cpuLimits(read, { cpuQuota: null, memoryBytes: null }, 1).allowed).toBe(2);
  });

  it.each([
    [{ allowed: 8, cores: 4, quota: null }, 8],
    [{ allowed: 2, cores: 2, quota: 4 }, 2],
    [{ allowed: 8, cores: 8, quota: 1 }, 1],
    [{ allowed: 8, cores: 8, quota: 1.5 }, 1],
    [{ allowed: 8, cores: 8, quota: 0.2 }, 1],
    [{ allowed: 8, cores: 8, quota: 1.99 }, 2],
  ])('never gives more threads than %o carries', (limits, threads) => {
    expect(mostThreads(limits)).toBe(threads);
  });
});
