import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { libcFunction } from '@nanite/kit';
import type { AccessQuestion } from './protocol';

/** Of fcntl-linux.h: the file itself, without reading it, waiting for it, or marking it as read. */
const O_PATH = 0o10000000;
const R_OK = 4;
const AT_EACCESS = 0x200;
const AT_EMPTY_PATH = 0x1000;

type FAccessAt = (folder: number, path: string, mode: number, flags: number) => number;
let faccessat: FAccessAt | undefined;

/**
 * Whether the thread that asks may read a file, and it is still the one that is meant: both of one inode, so that nobody
 * can change the one for another in between. Folders on the way count, and access lists: it is the kernel that answers.
 */
export function mayRead({ path, identity }: AccessQuestion['files'][number]): boolean {
  let file: number;
  try {
    file = openSync(Buffer.from(path, 'base64'), O_PATH | constants.O_NOFOLLOW);
  } catch {
    // Gone, or in a folder that does not let them through.
    return false;
  }
  try {
    if (identity === null) return true;
    const { dev, ino, size, mtimeNs } = fstatSync(file, { bigint: true });
    if (`${dev}:${ino}:${size}:${mtimeNs}` !== identity) return false;
    // AT_EACCESS: by the ids of setfsuid(2), not by those that the service started with.
    faccessat ??= libcFunction<FAccessAt>('int faccessat(int folder, const char *path, int mode, int flags)');
    return faccessat(file, '', R_OK, AT_EACCESS | AT_EMPTY_PATH) === 0;
  } finally {
    closeSync(file);
  }
}
