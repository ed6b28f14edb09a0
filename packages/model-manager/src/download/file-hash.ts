import { Worker } from 'node:worker_threads';

/** Bytes that must have been added before the thread is woken again. */
const step = 4 * 2 ** 20;

/**
 * SHA-256 of a file while it grows, computed beside the download from what is in the file.
 *
 * Bytes that come in order are hashed as they are written; what came ahead of its turn is hashed when the gap before
 * it closes. Reading the file rather than the network's buffers is what makes a resumed download and an unbroken one
 * the same, and checks what was written instead of what was sent.
 */
export class FileHash {
  readonly #thread: Worker;
  readonly #digest: Promise<string>;
  /** Shared with the thread: how far the file is, whether that is its end, and a count of changes. Cheaper than messages. */
  readonly #told = new BigInt64Array(new SharedArrayBuffer(24));
  #woken = 0;

  /** @param fd open for reading, and until `close()` */
  constructor(fd: number) {
    this.#thread = new Worker(new URL('./hash-thread.mjs', import.meta.url), {
      workerData: { fd, shared: this.#told.buffer },
    });
    this.#digest = new Promise((resolve, reject) => {
      this.#thread.once('message', resolve);
      this.#thread.once('error', reject);
      this.#thread.once('exit', () => reject(new Error('hashing was ended')));
    });
    // Whoever calls end() hears of it; until then nobody listens.
    this.#digest.catch(() => undefined);
  }

  /** @param position all bytes before it are in the file */
  advance(position: number): void {
    if (position - this.#woken < step) return;
    this.#tell(position, false);
  }

  /** @returns the digest of the first `size` bytes, as 64 hexadecimal digits */
  end(size: number): Promise<string> {
    this.#tell(size, true);
    return this.#digest;
  }

  #tell(position: number, isEnd: boolean): void {
    this.#woken = position;
    Atomics.store(this.#told, 0, BigInt(position));
    Atomics.store(this.#told, 1, isEnd ? 1n : 0n);
    Atomics.add(this.#told, 2, 1n);
    Atomics.notify(this.#told, 2);
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }
}
