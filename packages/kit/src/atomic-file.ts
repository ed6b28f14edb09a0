import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';

/**
 * Write a file so that whoever reads it, at whatever moment, sees the old content or the new, whole. A file that
 * exists keeps its mode and owner; a link is replaced by a file, so resolve it first where it should stay.
 *
 * @param mode permission bits of a new file, such as 0o600
 */
export function writeAtomically(path: string, text: string | Buffer, mode: number): void {
  const before = statSync(path, { throwIfNoEntry: false });
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  const fd = openSync(draft, 'wx', 0o600);
  try {
    try {
      let rest = typeof text === 'string' ? Buffer.from(text) : text;
      while (rest.length > 0) rest = rest.subarray(writeSync(fd, rest));
      setMode(fd, (before?.mode ?? mode) & 0o7777);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    if (before !== undefined && process.getuid?.() === 0) chownSync(draft, before.uid, before.gid);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/** A file system that knows no modes (FAT, through FUSE) says so; the draft is ours, so nothing else can be meant. */
function setMode(fd: number, mode: number): void {
  try {
    fchmodSync(fd, mode);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['ENOSYS', 'ENOTSUP', 'EPERM'].includes(code)) throw error;
  }
}
