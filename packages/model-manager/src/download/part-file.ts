import { execFile } from 'node:child_process';
import { constants, open, type FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { NaniteError } from '@nanite/kit';

const run = promisify(execFile);

/** Open a part file for reading and writing; it is made if it is not there, and kept if it is. */
export function openPart(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
}

/**
 * Give a file its place on the disk, so that a disk too small for it is found out at once and not at the end.
 *
 * Node has no fallocate(2); util-linux's program is on every Debian. File systems without it keep a sparse file.
 *
 * @throws NaniteError `no-space` (507)
 */
export async function reserve(path: string, size: number): Promise<void> {
  if (size === 0) return;
  try {
    await run('fallocate', ['--length', String(size), path]);
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    if (/no space left|disk quota/i.test(said)) throw noSpace(path, error);
  }
}

export function noSpace(path: string, cause: unknown): NaniteError {
  return new NaniteError('no-space', `the disk is full: ${path} could not be written`, {
    status: 507,
    hint: 'free some space (nanite models gc, nanite models rm) and pull again: the download continues where it stopped',
    cause,
  });
}

/** An error of writing as what it means to a person. */
export function writeFailed(path: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT' ? noSpace(path, error) : error;
}
