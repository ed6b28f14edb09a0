import { Worker } from 'node:worker_threads';

/** Bytes that must have been added before the thread is told again. */
const step = 2 * 2 ** 20;

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
  #told = 0;

  /** @param fd open for reading, and until `close()` */
  constructor(fd: number) {
    this.#thread = new Worker(new URL('./hash-thread.mjs', import.meta.url), { workerData: { fd } });
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
    if (position - this.#told < step) return;
    this.#told = position;
    this.#thread.postMessage({ upTo: position, end: false });
  }

  /** @returns the digest of the first `size` bytes, as 64 hexadecimal digits */
  end(size: number): Promise<string> {
    this.#thread.postMessage({ upTo: size, end: true });
    return this.#digest;
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }
}
