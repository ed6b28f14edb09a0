import { closeSync, constants, ftruncateSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { read, write } from 'node:fs';
import { promisify } from 'node:util';
import { CannotExtract } from './cannot-extract';

/** An open file without a name: nobody else can open it, and it is gone with the last process that holds it. */
export class Scratch {
  readonly fd: number;

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), 'nanite-extract-'));
    try {
      this.fd = openSync(join(folder, 'scratch'), 'wx+', 0o600);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  empty(): void {
    ftruncateSync(this.fd, 0);
  }

  close(): void {
    closeSync(this.fd);
  }
}

/** An open file once more, with a position of its own, for a process that is to read it from its start. Close it. */
export const readerOf = (fd: number): number => openSync(`/proc/self/fd/${fd}`, 'r');

/** The same for a process that is to fill it. */
export const writerOf = (fd: number): number => openSync(`/proc/self/fd/${fd}`, 'r+');

const readAsync = promisify(read);
const writeAsync = promisify(write);
const step = 1024 * 1024;

/** Copy what `from` holds, up to `most` bytes, to the start of an empty scratch file. @returns bytes copied */
export async function copyInto(
  scratch: Scratch,
  from: number,
  most: number,
  signal: AbortSignal,
): Promise<number> {
  scratch.empty();
  const buffer = Buffer.allocUnsafe(Math.min(step, most + 1));
  let done = 0;
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead } = await readAsync(from, buffer, 0, buffer.length, done);
    if (bytesRead === 0) return done;
    if (done + bytesRead > most) throw tooLarge(most);
    await writeAll(scratch, buffer.subarray(0, bytesRead), done);
    done += bytesRead;
  }
}

export async function writeAll(scratch: Scratch, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) {
    done += (await writeAsync(scratch.fd, bytes, done, bytes.byteLength - done, at + done)).bytesWritten;
  }
}

export const tooLarge = (most: number): CannotExtract =>
  new CannotExtract(
    'too-large',
    `it is larger than ${Math.round(most / 2 ** 20)} MiB, the most that is read of such a file`,
  );

/** Open a file to read it, without waiting for the other end of a pipe and without following a link that took its place. */
export async function openFile(path: Buffer): Promise<{ file: FileHandle; size: number }> {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY | constants.O_NOFOLLOW;
  const file = await open(path, flags);
  try {
    const found = await file.stat();
    if (!found.isFile())
      throw new CannotExtract('unreadable', 'it is not a file but a folder, a pipe or a device');
    return { file, size: found.size };
  } catch (error) {
    await file.close();
    throw error;
  }
}
