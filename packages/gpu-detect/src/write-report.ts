import { closeSync, constants, fsyncSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { NaniteError } from '@nanite/kit';

/**
 * Replaces `file` as a whole: who reads it sees the old report or the new one, never a part.
 *
 * @throws NaniteError `write-failed` when the folder or the disk refuses; the old file is left as it was
 */
export function writeReport(file: string, text: string): void {
  const part = `${file}.${process.pid}.part`;
  let fd: number | null = null;
  try {
    // O_EXCL and O_NOFOLLOW: never write through a link that someone put in the way.
    fd = openSync(
      part,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o644,
    );
    for (let rest = Buffer.from(text); rest.length > 0;) rest = rest.subarray(writeSync(fd, rest));
    fsyncSync(fd);
    closeSync(fd);
    fd = null;
    renameSync(part, file);
  } catch (error) {
    if (fd !== null) closeSync(fd);
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      try {
        unlinkSync(part);
      } catch {
        // Nothing was made that could be left behind.
      }
    }
    throw new NaniteError('write-failed', `Cannot write ${file}`, {
      cause: error,
      hint: 'Check that its folder exists, that you may write there, and that the disk is not full.',
    });
  }
}
