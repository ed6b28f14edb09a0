import { createHash } from 'node:crypto';
import { rmSync, statSync } from 'node:fs';
import { NaniteError } from '@nanite/kit';
import type { ResolvedFile } from '../sources/resolved';
import { asSpaceError, partKey, wrongHash, type Store } from '../store';
import type { FetchSettings, PullTools } from './tools';

export interface Fetched {
  sha256: string;
  size: number;
}

type OnProgress = (done: number, total: number | null) => void;

interface Running {
  result: Promise<Fetched>;
  stop: AbortController;
  listeners: Set<OnProgress>;
  last: [done: number, total: number | null];
}

/**
 * Fetches files into the store. Those who want the same file at the same time share one download; it goes on while
 * anybody still wants it, and what is there stays for the next attempt.
 */
export class Fetches {
  readonly #running = new Map<string, Running>();

  constructor(
    private readonly store: Store,
    private readonly fetchFile: PullTools['fetchFile'],
    private readonly settings: FetchSettings,
  ) {}

  /** Keys of parts that somebody writes to. */
  get inUse(): Set<string> {
    return new Set(this.#running.keys());
  }

  /** The name of a file's part: by its digest, or where nobody promised one by where it comes from. */
  keyOf(file: ResolvedFile, source: string): string {
    if (file.sha256 !== null) return partKey(file.sha256);
    return `from-${createHash('sha256').update(`${source}\0${file.name}`).digest('hex')}`;
  }

  /** Bytes of a file that an earlier attempt left on the disk. */
  present(key: string): number {
    const found = statSync(this.store.layout.part(key).part, { throwIfNoEntry: false });
    return found === undefined ? 0 : Math.min(found.size, found.blocks * 512);
  }

  /**
   * @returns when the file is a blob
   * @throws NaniteError `digest-mismatch`, `no-space`, and what the download throws
   */
  async get(key: string, file: ResolvedFile, onProgress: OnProgress, signal: AbortSignal): Promise<Fetched> {
    signal.throwIfAborted();
    const running = this.#running.get(key) ?? this.#start(key, file);
    running.listeners.add(onProgress);
    onProgress(...running.last);
    try {
      return await Promise.race([running.result, aborted(signal)]);
    } catch (error) {
      if (signal.aborted && running.listeners.size === 1) {
        // The last one who wanted it: wait until its part is closed, so that whoever asks next may open it.
        running.stop.abort(signal.reason);
        await running.result.catch(() => undefined);
      }
      throw error;
    } finally {
      running.listeners.delete(onProgress);
    }
  }

  #start(key: string, file: ResolvedFile): Running {
    const stop = new AbortController();
    const running: Running = {
      stop,
      listeners: new Set(),
      last: [0, file.size],
      result: this.#fetch(key, file, stop, (done, total) => {
        running.last = [done, total];
        for (const listener of running.listeners) listener(done, total);
      }).finally(() => this.#running.delete(key)),
    };
    running.result.catch(() => undefined);
    this.#running.set(key, running);
    return running;
  }

  async #fetch(
    key: string,
    file: ResolvedFile,
    stop: AbortController,
    onProgress: OnProgress,
  ): Promise<Fetched> {
    const { signal } = stop;
    // So that the caller has put itself among the listeners.
    await Promise.resolve();
    const { sha256, size } = file;
    if (sha256 !== null && this.store.blobs.has(sha256))
      return { sha256, size: this.store.blobs.size(sha256) };
    if (file.path !== undefined) return this.store.blobs.take(file.path, sha256, { signal });
    const target = this.store.layout.part(key);
    const present = this.present(key);
    const room = this.store.space.reserve(Math.max(0, (size ?? 0) - present));
    const mayGrow = this.store.space.whileGrowing(present);
    try {
      const fetched = await this.fetchFile(file, target, {
        ...this.settings,
        signal,
        onProgress: (done, total) => {
          room.remaining = Math.max(0, (size ?? total ?? 0) - done);
          if (size === null) this.#orStop(stop, () => mayGrow(done));
          onProgress(done, total);
        },
      });
      if (sha256 !== null && fetched.sha256 !== sha256) {
        // Whatever is wrong with these bytes, going on from them cannot help.
        for (const path of [target.part, target.state]) rmSync(path, { force: true });
        throw wrongHash(file.name, fetched.sha256, sha256);
      }
      this.store.blobs.adopt(target.part, fetched.sha256);
      rmSync(target.state, { force: true });
      return fetched;
    } catch (error) {
      const known = signal.aborted ? (signal.reason as unknown) : asSpaceError(error);
      if (size === null && known instanceof NaniteError && known.status === 507) {
        // Nobody knows whether it would ever end: what came of it is not worth the last of the disk.
        for (const path of [target.part, target.state]) rmSync(path, { force: true });
      }
      throw known;
    } finally {
      room.release();
    }
  }

  #orStop(stop: AbortController, look: () => void): void {
    try {
      look();
    } catch (error) {
      stop.abort(error);
    }
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const leave = () => reject(signal.reason as Error);
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });
}
