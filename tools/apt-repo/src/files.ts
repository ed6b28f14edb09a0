import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { constants, copyFile, link, mkdir, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { diskFull, run } from './command';

/** sha256 of a file, as lower-case hexadecimal digits. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Every file below a folder, relative to it, sorted. */
export function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

const code = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** Run file operations; a full disk becomes an error that says so. */
export async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (code(error) === 'ENOSPC' || code(error) === 'EDQUOT')
      throw diskFull(path, (error as Error).message, error);
    throw error;
  }
}

/** A second name for a file that nobody writes to again; a copy where the file system has no such thing. */
export async function linkFile(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  try {
    await link(from, to);
  } catch (error) {
    if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP'].includes(code(error) ?? '')) throw error;
    await copyAside(from, to);
  }
}

/** A copy that shares nothing with a file that may be written to again (or only its blocks, where these are copied on write). */
export async function copyAside(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to, constants.COPYFILE_FICLONE);
}

/**
 * Put a finished folder in the place of another in one step: at no moment is there none, or a half one.
 * The folder that was there is removed.
 */
export async function replaceFolder(finished: string, place: string): Promise<void> {
  if (!existsSync(place)) {
    await run('mv', ['--no-copy', '--no-target-directory', finished, place]);
    return;
  }
  // renameat2(2) with RENAME_EXCHANGE, which Node has no call for.
  await run('mv', ['--exchange', '--no-copy', '--no-target-directory', finished, place]);
  await rm(finished, { recursive: true, force: true });
}
