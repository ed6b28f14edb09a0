import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { lastErrno, libcFunction, NaniteError } from '@nanite/kit';

/** Make names in a folder last: a rename is on the disk only when its folder is. */
export function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

export function syncFile(path: string): void {
  syncFolder(path);
}

/** Write a new file and its content to the disk; its name lasts once the folder is synced. */
export function writeNewFile(path: string, text: string, mode = 0o644): void {
  const fd = openSync(path, 'wx', mode);
  try {
    let rest = Buffer.from(text);
    while (rest.length > 0) rest = rest.subarray(writeSync(fd, rest));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;

type RenameAt2 = (fromFd: number, from: string, toFd: number, to: string, flags: number) => number;
let renameat2: RenameAt2 | undefined;

/**
 * Let two names change places, so that whoever looks sees the one or the other and never neither: renameat2(2).
 *
 * @throws NaniteError `exchange-failed`
 */
export function exchange(a: string, b: string): void {
  renameat2 ??= libcFunction<RenameAt2>(
    'int renameat2(int fromFd, const char *from, int toFd, const char *to, unsigned int flags)',
  );
  if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) === 0) return;
  throw new NaniteError('exchange-failed', `cannot exchange ${a} and ${b}: errno ${lastErrno()}`, {
    hint: 'the store needs a file system with renameat2, such as ext4, xfs, btrfs or tmpfs',
  });
}
