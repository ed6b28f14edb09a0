import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** sha256 and length of a file, read in pieces of 1 MiB: larger ones are not faster. */
export async function hashFile(
  path: string,
  signal?: AbortSignal,
  onProgress?: (bytes: number) => void,
): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024, signal })) {
    hash.update(piece as Buffer);
    size += (piece as Buffer).length;
    onProgress?.(size);
  }
  return { sha256: hash.digest('hex'), size };
}
