import type { FileHandle } from 'node:fs/promises';
import type { Chunks } from './chunks';
import { saveState, type DownloadState } from './state';

/** Milliseconds after which it is recorded even if little has come: on a slow line a chunk is minutes. */
const interval = 5_000;

/**
 * Keeps the state file close behind the download: what was received and is not yet recorded (and so would be fetched
 * again after a cut) never exceeds half a chunk, all connections together. The other half is room for what is between
 * the network and the file.
 */
export class DownloadRecord {
  #recorded: number;
  #saving: Promise<void> | null = null;
  #savedAt = performance.now();

  constructor(
    private readonly part: FileHandle,
    private readonly path: string,
    private readonly chunks: Chunks,
    private readonly about: Pick<DownloadState, 'sha256' | 'validator'>,
  ) {
    this.#recorded = chunks.done;
  }

  get #unrecorded(): number {
    return this.chunks.done - this.#recorded;
  }

  /** To be called after bytes were written; waits only where the disk cannot follow the network. */
  async keepUp(): Promise<void> {
    const { chunkBytes } = this.chunks;
    const isDue = performance.now() - this.#savedAt >= interval;
    if (this.#unrecorded >= (chunkBytes * 3) / 8 || isDue) this.#start();
    while (this.#unrecorded >= chunkBytes / 2) await this.#start();
  }

  /** Everything written is recorded when it returns. */
  async finish(): Promise<void> {
    await this.#saving?.catch(() => undefined);
    await this.#start();
  }

  #start(): Promise<void> {
    if (this.#saving === null) {
      this.#saving = this.#save().finally(() => {
        this.#saving = null;
      });
      // keepUp() may not wait for it; a failure comes up at the next save.
      this.#saving.catch(() => undefined);
    }
    return this.#saving;
  }

  async #save(): Promise<void> {
    const have = this.chunks.snapshot();
    const done = this.chunks.done;
    await this.part.datasync();
    await saveState(this.path, {
      schema: 1,
      size: this.chunks.size,
      chunkBytes: this.chunks.chunkBytes,
      have,
      ...this.about,
    });
    this.#recorded = done;
    this.#savedAt = performance.now();
  }
}
