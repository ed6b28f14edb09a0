import { execFile } from 'node:child_process';
import { readFileSync, statfsSync, statSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Type of FAT in statfs(2), and what programs that read it without the kernel are called in mountinfo. */
const fatMagic = 0x4d44;
const fatNames = new Set(['vfat', 'msdos', 'fuse.fusefat', 'fuse.fatfuse']);
const fatLargest = 2 ** 32 - 1;

/** The largest file that the file system of a folder can hold, in bytes. */
export function largestFile(folder: string): number {
  const isFat = statfsSync(folder).type === fatMagic || fatNames.has(typeOf(folder) ?? '');
  return isFat ? fatLargest : Number.MAX_SAFE_INTEGER;
}

/** The name of the file system that a path is on, by proc_pid_mountinfo(5); null where it is not told. */
export function typeOf(path: string, mounts = readFileSync('/proc/self/mountinfo', 'utf8')): string | null {
  const { dev } = statSync(path);
  // makedev(3): both numbers are spread over the bits.
  const major = ((dev / 0x100) & 0xfff) | (Math.floor(dev / 2 ** 32) & ~0xfff);
  const minor = (dev & 0xff) | (Math.floor(dev / 0x1000) & ~0xff);
  for (const line of mounts.split('\n')) {
    const [mount = '', source = ''] = line.split(' - ');
    if (mount.split(' ')[2] === `${major}:${minor}`) return source.split(' ')[0] ?? null;
  }
  return null;
}

/** Wait until all that was written to the file system of a folder has reached its device: sync(1). */
export async function flush(folder: string): Promise<void> {
  await run('sync', ['--file-system', folder]);
}

/** Let the kernel forget what it holds of a file, so that the next reading comes from the device: dd(1). */
export async function forgetCached(path: string): Promise<void> {
  await run('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none']);
}
