import { constants, copyFileSync, linkSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { NaniteError } from '@nanite/kit';

export type Placed = 'there' | 'reflink' | 'hardlink' | 'symlink' | 'copy';

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
  // copy_file_range(2) where the kernel can.
  copyFileSync(from, to, constants.COPYFILE_EXCL);
  return 'copy';
}

export function placeError(error: unknown, to: string): unknown {
  if (isCode(error, 'EACCES', 'EPERM', 'EROFS')) {
    return new NaniteError('unwritable', `you may not write to ${to}`, { status: 403, cause: error });
  }
  if (isCode(error, 'ENOSPC', 'EDQUOT')) {
    return new NaniteError('no-space', `there is no room for ${to}`, { status: 507, cause: error });
  }
  if (isCode(error, 'EFBIG')) {
    return new NaniteError('too-large-for-filesystem', `${to} is larger than its file system allows`, {
      hint: 'FAT32 holds files up to 4 GiB: format the stick as exFAT, or take a smaller quantisation',
      status: 507,
      cause: error,
    });
  }
  return error;
}
