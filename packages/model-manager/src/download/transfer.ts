import type { FileHandle } from 'node:fs/promises';
import type { Dispatcher } from 'undici';
import type { Allowance } from './bandwidth';

/** Bytes gathered before they are written: few system calls, and little to lose. */
export function flushSize(chunkBytes: number, parallel: number): number {
  return Math.min(2 ** 20, Math.max(2 ** 16, Math.floor(chunkBytes / (8 * parallel))));
}

/**
 * Write the body of an answer into a file, from `position` on; while one block is written the next is gathered.
 *
 * @param limit bytes after which the rest is not wanted
 * @param written called after each write with the bytes it added; the next is written when it has returned
 * @returns the bytes written
 * @throws whatever broke the connection off, after all that came before has been written
 */
export async function transfer(
  body: Dispatcher.ResponseData['body'],
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
  let writing = Promise.resolve();

  const write = async (): Promise<void> => {
    const blocks = gathered;
    const bytes = size;
    const at = position + total;
    gathered = [];
    size = 0;
    total += bytes;
    await writing;
    writing = writeAll(file, blocks, bytes, at).then(() => written(bytes));
    // It is awaited at the next write; until then an error must not look unheard.
    writing.catch(() => undefined);
  };

  let broken: unknown;
  try {
    for await (const piece of body as AsyncIterable<Buffer>) {
      const wanted = Math.min(piece.length, limit - total - size);
      if (wanted <= 0) break;
      if (allowed !== null) await allowed(wanted, signal);
      gathered.push(wanted === piece.length ? piece : piece.subarray(0, wanted));
      size += wanted;
      if (size >= flush) await write();
    }
  } catch (error) {
    broken = error;
  }
  if (size > 0) await write();
  await writing;
  if (broken !== undefined) throw broken;
  return total;
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
