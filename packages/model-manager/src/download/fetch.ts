import { setMaxListeners } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { NaniteError } from '@nanite/kit';
import type { ResolvedFile } from '../sources/resolved';
import { allowance, type Allowance } from './bandwidth';
import { Chunks } from './chunks';
import { FileHash } from './file-hash';
import { Origin, type Opened } from './origin';
import { openPart, reserve, writeFailed } from './part-file';
import { DownloadRecord } from './record';
import { persist, TryAgain, type RetryOptions } from './retry';
import { discard, loadState, type PartFiles } from './state';
import { flushSize, transfer } from './transfer';

export interface FetchOptions {
  /** Aborting it pauses: what has arrived stays, and the next call goes on from there. */
  signal: AbortSignal;
  /** Most that a cut fetches twice, all connections together; 4 MiB at least makes sense. */
  chunkBytes: number;
  /** Connections at once, where the server gives ranges and one alone does not fill a fast line. */
  parallel: number;
  /** Of all downloads of this process that have this limit, together; null: no limit. */
  bytesPerSecond: number | null;
  onProgress(done: number, total: number | null): void;
  /** Milliseconds before the first retry; tests shorten it. */
  firstRetryDelay?: number;
}

/** The file at the source is not the one that was begun, or its server no longer gives ranges: all is to be fetched again. */
class StartOver extends NaniteError {
  constructor(file: string) {
    super('source-changes', `${file} changed at its source while it was being downloaded`, {
      status: 502,
      hint: 'pull again later, or from another source',
    });
  }
}

/** How often a file may change under us before it is given up. */
const mostRestarts = 3;
const retries = 6;
/**
 * Bytes a second at which one connection is held up by the processor and not by the line: more of them would only take
 * turns (measured: 4 connections over loopback need a third more processor time than one, and are slower).
 */
const fastLine = 150e6;
/** Milliseconds of a first connection before others are judged to help. */
const lookAfter = 100;

/**
 * Fetch a file in ranges, several at once, hashing it meanwhile; resume what an earlier call left.
 *
 * On success the part file is whole, synced, and has the digest that is returned. The state file stays beside it until
 * the caller has put the part file into its place, so that a crash in between costs nothing.
 *
 * @throws NaniteError `digest-mismatch`, `size-mismatch` (422; the part is removed), `no-space` (507; it stays),
 *   `source-unreachable`, `source-refused`, `source-changes` (502), the guard's refusals; or the signal's reason
 */
export async function fetchFile(
  file: ResolvedFile,
  target: PartFiles,
  options: FetchOptions,
): Promise<{ sha256: string; size: number }> {
  options.signal.throwIfAborted();
  for (let restarts = 0; ; restarts++) {
    try {
      const fetched = await new Download(file, target, options).run();
      if (file.sha256 !== null && fetched.sha256 !== file.sha256) {
        await discard(target);
        throw new NaniteError(
          'digest-mismatch',
          `${file.name} is not what it should be: its sha256 is ${fetched.sha256} instead of ${file.sha256}`,
          {
            status: 422,
            hint: 'what arrived was removed; the source, or something on the way, has altered the file',
          },
        );
      }
      return fetched;
    } catch (error) {
      if (!(error instanceof StartOver)) throw error;
      await discard(target);
      if (restarts === mostRestarts) throw error;
    }
  }
}

class Download {
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #origin: Origin;
  readonly #allowed: Allowance | null;
  readonly #flush: number;

  constructor(
    private readonly file: ResolvedFile,
    private readonly target: PartFiles,
    private readonly options: FetchOptions,
  ) {
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal]);
    // Each connection listens to it, more of them than Node thinks likely.
    setMaxListeners(0, this.#signal);
    this.#origin = new Origin(file, this.#signal);
    this.#allowed = allowance(options.bytesPerSecond);
    this.#flush = flushSize(options.chunkBytes, options.parallel);
  }

  async run(): Promise<{ sha256: string; size: number }> {
    const { target } = this;
    const state = await loadState(target, this.file.sha256);
    const part = await openPart(target.part);
    try {
      if (state !== null) {
        const chunks = new Chunks(state.size, state.chunkBytes, state.have);
        return await this.#inRanges(part, chunks, state.validator, null);
      }
      const { chunkBytes } = this.options;
      const first = await persist(
        () => this.#origin.open(this.file.size === 0 ? null : { begin: 0, end: chunkBytes }, null),
        this.#persistence(() => 0),
      );
      this.#checkSize(first.total);
      // Several connections, or a second session, may only be joined if something says that they give the same file.
      const joinable = this.file.sha256 !== null || first.validator !== null;
      if (!first.ranged) return await this.#inOne(part, first);
      if (first.total === null || !joinable) {
        first.body.destroy();
        return await this.#inOne(part, null);
      }
      await part.truncate(first.total);
      return await this.#inRanges(part, new Chunks(first.total, chunkBytes), first.validator, first);
    } catch (error) {
      if (this.options.signal.aborted) throw this.options.signal.reason;
      throw writeFailed(target.part, error);
    } finally {
      // Ends what other connections still do with the file before it is closed.
      this.#stop.abort();
      await part.close();
    }
  }

  /** @param opened the answer that already came for the first missing bytes */
  async #inRanges(
    part: FileHandle,
    chunks: Chunks,
    validator: string | null,
    opened: Opened | null,
  ): Promise<{ sha256: string; size: number }> {
    const { sha256 } = this.file;
    const hash = new FileHash(part.fd);
    const record = new DownloadRecord(part, this.target.state, chunks, { sha256, validator });
    try {
      this.options.onProgress(chunks.done, chunks.size);
      hash.advance(chunks.frontier);
      let answered = opened;
      const missing = chunks.incomplete();
      const connection = async (): Promise<void> => {
        for (const index of missing) {
          const persistence = this.#persistence(() => chunks.done);
          await persist(async () => {
            const answer = answered;
            answered = null;
            await this.#chunk(part, chunks, index, validator, answer, async (bytes) => {
              chunks.add(index, bytes);
              hash.advance(chunks.frontier);
              this.options.onProgress(chunks.done, chunks.size);
              await record.keepUp();
            });
          }, persistence);
        }
      };
      // The space is reserved while the first bytes come: what it takes of time is no one's to wait for.
      const all = [reserve(this.target.part, chunks.size)];
      const first = new AbortController();
      all.push(connection().finally(() => first.abort()));
      for (let count = 1; count < this.options.parallel; count++) {
        all.push(this.#whereSlow(chunks, first.signal).then((isSlow) => (isSlow ? connection() : undefined)));
      }
      await Promise.allSettled(
        all.map((one) =>
          one.catch((error: unknown) => {
            // The first failure ends all; the others' failures are only its echo.
            if (!this.#stop.signal.aborted) this.#stop.abort(error);
          }),
        ),
      );
      if (this.#stop.signal.aborted) throw this.#stop.signal.reason;
      await record.finish();
      return { sha256: await hash.end(chunks.size), size: chunks.size };
    } catch (error) {
      // What is there now is kept, whatever happened; if that fails too, the last record stands.
      if (!(error instanceof StartOver)) await record.finish().catch(() => undefined);
      throw error;
    } finally {
      await hash.close();
    }
  }

  /** @returns true once the line is found slow; false when `over` comes first */
  async #whereSlow(chunks: Chunks, over: AbortSignal): Promise<boolean> {
    const signal = AbortSignal.any([over, this.#signal]);
    while (!signal.aborted) {
      const before = chunks.done;
      await sleep(lookAfter, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted && (chunks.done - before) / (lookAfter / 1000) < fastLine) return true;
    }
    return false;
  }

  async #chunk(
    part: FileHandle,
    chunks: Chunks,
    index: number,
    validator: string | null,
    answered: Opened | null,
    written: (bytes: number) => Promise<void>,
  ): Promise<void> {
    const begin = chunks.position(index);
    const end = chunks.end(index);
    if (begin === end) return;
    // Where a digest is known it judges the content, and servers of one network may name it differently.
    const mustMatch = this.file.sha256 === null ? validator : null;
    const answer = answered ?? (await this.#origin.open({ begin, end }, mustMatch));
    const changed =
      !answer.ranged ||
      (answer.total !== null && answer.total !== chunks.size) ||
      (mustMatch !== null && answer.validator !== mustMatch);
    if (changed) {
      answer.body.destroy();
      throw new StartOver(this.file.name);
    }
    const bytes = await transfer(answer.body, part, {
      position: begin,
      limit: end - begin,
      flush: this.#flush,
      allowed: this.#allowed,
      signal: this.#signal,
      written,
    }).catch((error: unknown) => {
      throw writeFailed(this.target.part, error);
    });
    if (bytes < end - begin)
      throw new TryAgain(`the server broke off after ${bytes} of ${end - begin} bytes`);
  }

  /** From a server that gives no ranges: one connection, from the first byte, and again from there after a cut. */
  async #inOne(part: FileHandle, first: Opened | null): Promise<{ sha256: string; size: number }> {
    let answered = first;
    return persist(
      async () => {
        const answer = answered ?? (await this.#origin.open(null, null));
        answered = null;
        this.#checkSize(answer.total);
        const hash = new FileHash(part.fd);
        try {
          await part.truncate(answer.total ?? 0);
          if (answer.total !== null) await reserve(this.target.part, answer.total);
          let done = 0;
          const size = await transfer(answer.body, part, {
            position: 0,
            limit: answer.total ?? Number.MAX_SAFE_INTEGER,
            flush: this.#flush,
            allowed: this.#allowed,
            signal: this.#signal,
            written: async (bytes) => {
              done += bytes;
              hash.advance(done);
              this.options.onProgress(done, answer.total);
            },
          });
          if (size !== (answer.total ?? size)) throw new TryAgain(`the server broke off after ${size} bytes`);
          this.#checkSize(size);
          await part.sync();
          return { sha256: await hash.end(size), size };
        } catch (error) {
          throw writeFailed(this.target.part, error);
        } finally {
          await hash.close();
        }
      },
      // Each try begins at the first byte, so bytes are not progress here.
      this.#persistence(() => 0),
    );
  }

  #checkSize(size: number | null): void {
    if (size === null || this.file.size === null || size === this.file.size) return;
    throw new NaniteError(
      'size-mismatch',
      `${this.file.name} has ${size} bytes instead of ${this.file.size}`,
      { status: 422, hint: 'the source does not have the file it announced' },
    );
  }

  #persistence(progress: () => number): RetryOptions {
    return {
      signal: this.#signal,
      firstDelay: this.options.firstRetryDelay ?? 500,
      retries,
      progress,
    };
  }
}
