import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Allowance } from './bandwidth';

/**
 * Bytes gathered before they are written: few system calls, yet what all connections hold together (one block being
 * written, one being gathered) is at most half a chunk, which is what a kill may cost beside what is not recorded.
 */
export function flushSize(chunkBytes: number, parallel: number): number {
  return Math.min(4 * 2 ** 20, Math.max(2 ** 16, Math.floor(chunkBytes / (4 * parallel))));
}

/**
 * Write the body of an answer into a file, from `position` on; while one block is written the next is gathered.
 *
 * It listens to the stream instead of iterating over it: at a gigabyte per second a promise for each 64 KiB is a third
 * of what the whole transfer costs.
 *
 * @param limit bytes after which the rest is not wanted
 * @param written called after each write with the bytes it added; the next is written when it has returned
 * @returns the bytes written
 * @throws whatever broke the connection off, after all that came before has been written
 */
export function transfer(
  body: Readable,
  file: FileHandle,
  {
    position,
    limit,
    flush,
    allowed,
    signal,
    written,
  }: {
    position: number;
    limit: number;
    flush: number;
    allowed: Allowance | null;
    signal: AbortSignal;
    written(bytes: number): Promise<void>;
  },
): Promise<number> {
  let gathered: Buffer[] = [];
  let size = 0;
  let total = 0;
  let writing: Promise<void> | null = null;
  /** Why the stream stands still; it flows when nothing is left. */
  const waiting = new Set<'disk' | 'allowance'>();

  return new Promise((resolve, reject) => {
    let isOver = false;
    const wait = (reason: 'disk' | 'allowance'): void => {
      waiting.add(reason);
      body.pause();
    };
    const goOn = (reason: 'disk' | 'allowance'): void => {
      waiting.delete(reason);
      if (waiting.size === 0 && !isOver) body.resume();
    };
    const write = (): Promise<void> => {
      const blocks = gathered;
      const bytes = size;
      const at = position + total;
      gathered = [];
      size = 0;
      total += bytes;
      return writeAll(file, blocks, bytes, at).then(() => written(bytes));
    };
    const fail = (error: unknown): void => {
      isOver = true;
      body.destroy();
      reject(error);
    };
    const next = (): void => {
      if (size < flush || isOver) return;
      if (writing !== null) {
        wait('disk');
        return;
      }
      writing = write();
      writing.then(() => {
        writing = null;
        goOn('disk');
        next();
      }, fail);
    };
    /** The stream has ended: what is left is written, then all is said. */
    const finish = (error: unknown): void => {
      if (isOver) return;
      isOver = true;
      Promise.resolve(writing)
        .then(() => (size > 0 ? write() : undefined))
        .then(() => (error === undefined ? resolve(total) : reject(error)), reject);
    };

    body.on('data', (piece: Buffer) => {
      if (isOver) return;
      const wanted = Math.min(piece.length, limit - total - size);
      gathered.push(wanted === piece.length ? piece : piece.subarray(0, wanted));
      size += wanted;
      if (wanted < piece.length) {
        finish(undefined);
        body.destroy();
        return;
      }
      if (allowed !== null) {
        wait('allowance');
        allowed(wanted, signal).then(() => goOn('allowance'), finish);
      }
      next();
    });
    body.once('end', () => finish(undefined));
    body.on('error', finish);
    body.once('close', () => finish(new Error('the connection was closed')));
  });
}

async function writeAll(file: FileHandle, blocks: Buffer[], bytes: number, position: number): Promise<void> {
  const { bytesWritten } = await file.writev(blocks, position);
  if (bytesWritten === bytes) return;
  // A short write, as on a disk that is just filling up: what follows says why.
  const rest = Buffer.concat(blocks).subarray(bytesWritten);
  for (let at = 0; at < rest.length;) {
    const { bytesWritten: more } = await file.write(rest, at, rest.length - at, position + bytesWritten + at);
    at += more;
  }
}
