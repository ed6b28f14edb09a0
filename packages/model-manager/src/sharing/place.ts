import {
  closeSync,
  constants,
  copyFileSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { NaniteError } from '@nanite/kit';

export type Placed = 'there' | 'reflink' | 'hardlink' | 'symlink' | 'copy';

/** Name of a file that is not complete yet, in any folder. */
export const isDraft = (path: string): boolean => /(^|\/)\.nanite-[0-9a-f]{12}$/.test(path);

const isCode = (error: unknown, ...codes: string[]): boolean =>
  codes.includes((error as NodeJS.ErrnoException).code ?? '');

/**
 * Put a file of the store somewhere else without a second copy where that can be: by reflink, else hard link, else
 * symbolic link; a copy where the file system has none of these. It appears under its name in one rename.
 *
 * A hard link to a file of ours gives nobody a right to change it: it stays the store's, mode 0444.
 *
 * @param links false: a reflink or a whole copy, for places that leave this machine
 * @throws NaniteError `unwritable` 403, `no-space` 507, `too-large-for-filesystem` 507
 */
export function place(from: string, to: string, links: boolean): Placed {
  const draft = join(dirname(to), `.nanite-${randomBytes(6).toString('hex')}`);
  try {
    mkdirSync(dirname(to), { recursive: true });
    const how = bring(from, draft, links);
    renameSync(draft, to);
    return how;
  } catch (error) {
    rmSync(draft, { force: true });
    throw placeError(error, to);
  }
}

function bring(from: string, to: string, links: boolean): Placed {
  const ways: Array<[Placed, () => void]> = [
    ['reflink', () => copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE)],
    ...(links
      ? ([
          ['hardlink', () => linkSync(from, to)],
          ['symlink', () => symlinkSync(from, to)],
        ] as Array<[Placed, () => void]>)
      : []),
  ];
  for (const [how, attempt] of ways) {
    try {
      attempt();
      return how;
    } catch (error) {
      rmSync(to, { force: true });
      if (isCode(error, 'ENOSPC', 'EROFS')) throw error;
    }
  }
  try {
    // copy_file_range(2) where the kernel can.
    copyFileSync(from, to, constants.COPYFILE_EXCL);
  } catch (error) {
    // It also sets the mode, which not every file system has (FAT, through FUSE).
    if (!isCode(error, 'ENOSYS', 'ENOTSUP', 'EPERM')) throw error;
    rmSync(to, { force: true });
    copyBytes(from, to);
  }
  return 'copy';
}

function copyBytes(from: string, to: string): void {
  const source = openSync(from, 'r');
  try {
    const target = openSync(to, 'wx');
    try {
      const portion = Buffer.allocUnsafe(4 * 2 ** 20);
      for (let length; (length = readSync(source, portion, 0, portion.length, null)) > 0;) {
        for (let at = 0; at < length;) {
          const written = writeSync(target, portion, at, length - at);
          // What some file systems in user space answer when they are full, for ever.
          if (written === 0) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
          at += written;
        }
      }
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}

export function placeError(error: unknown, to: string): unknown {
  if (isCode(error, 'EACCES', 'EPERM', 'EROFS')) {
    return new NaniteError('unwritable', `you are not allowed to write to ${to}`, {
      status: 403,
      cause: error,
    });
  }
  if (isCode(error, 'ENOSPC', 'EDQUOT')) {
    return new NaniteError('no-space', `there is not enough space for ${to}`, { status: 507, cause: error });
  }
  if (isCode(error, 'EFBIG')) {
    return new NaniteError('too-large-for-filesystem', `${to} is larger than its file system allows`, {
      hint: 'FAT holds files up to 4 GiB: format the stick as exFAT (this removes what is on it), or choose a smaller quantisation',
      status: 507,
      cause: error,
    });
  }
  if (isCode(error, 'EINVAL', 'EILSEQ')) {
    return new NaniteError('name-not-allowed', `the file system there does not allow the name ${to}`, {
      hint: 'FAT allows none of " * : < > ? |',
      status: 422,
      cause: error,
    });
  }
  return error;
}

/** Whether a link could not be made because the file system has none. */
export const isWithoutLinks = (error: unknown): boolean => isCode(error, 'EPERM', 'ENOSYS', 'ENOTSUP');
