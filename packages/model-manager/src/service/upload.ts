import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { NaniteError } from '@nanite/kit';
import { asSpaceError, type Store } from '../store';

/** An uploaded blob belongs to no model yet; it is kept so long for the create that follows. */
const graceMs = 60 * 60_000;

/**
 * Take the body of a request as a blob, hashed while it comes.
 *
 * @throws NaniteError `digest-mismatch` 400, `no-space`, `over-quota` 507
 */
export async function takeUpload(store: Store, sha256: string, request: IncomingMessage): Promise<void> {
  if (store.blobs.has(sha256)) return keepForAWhile(store, sha256);
  const room = store.space.reserve(Number(request.headers['content-length'] ?? 0));
  const draft = join(store.layout.partial, `take-${randomBytes(8).toString('hex')}`);
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      room.remaining = Math.max(0, room.remaining - chunk.length);
      done(null, chunk);
    },
  });
  try {
    await pipeline(request, hashing, createWriteStream(draft, { mode: 0o600 }));
    const found = hash.digest('hex');
    if (found !== sha256) {
      throw new NaniteError('digest-mismatch', `the bytes hash to sha256:${found}, not sha256:${sha256}`, {
        status: 400,
      });
    }
    store.blobs.adopt(draft, sha256);
    keepForAWhile(store, sha256);
  } catch (error) {
    rmSync(draft, { force: true });
    throw asSpaceError(error);
  } finally {
    room.release();
  }
}

/** Read what still comes: a connection that is closed while the other side speaks takes the answer with it. */
export async function heardOut(request: IncomingMessage): Promise<void> {
  request.resume();
  await finished(request).catch(() => undefined);
}

function keepForAWhile(store: Store, sha256: string): void {
  setTimeout(store.hold([sha256]), graceMs).unref();
}
