import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { NaniteError } from '@nanite/kit';

/**
 * Write what an address gives to a file, as far as it is not longer than it should be.
 *
 * @param size bytes of the file that is expected
 * @throws NaniteError `no-answer`, `size-mismatch`; an error with the code `ENOSPC` where the disk is full
 */
export async function download(url: string, size: number, to: string): Promise<void> {
  const response = await fetch(url).catch((cause: unknown) => {
    throw new NaniteError('no-answer', `${new URL(url).host} does not answer`, { cause });
  });
  if (!response.ok || response.body === null) {
    throw new NaniteError('no-answer', `it answered ${response.status} ${response.statusText}`.trimEnd());
  }
  let got = 0;
  const bounded = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      got += chunk.length;
      if (got <= size) return done(null, chunk);
      done(new NaniteError('size-mismatch', `it sends more than the ${size} bytes that were pinned`));
    },
  });
  try {
    await pipeline(
      Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]),
      bounded,
      createWriteStream(to),
    );
  } catch (error) {
    if (
      error instanceof NaniteError ||
      (error instanceof Error && 'code' in error && error.code === 'ENOSPC')
    )
      throw error;
    throw new NaniteError('no-answer', `the connection ended after ${got} of ${size} bytes`, {
      cause: error,
    });
  }
}
