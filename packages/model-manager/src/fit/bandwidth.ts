import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { writeAtomically, type Log } from '@nanite/kit';
import { z } from 'zod';
import { speedFile } from './places';

const Speed = z.object({ processor: z.string(), bytesPerSecond: z.number().positive() });

/** More than the caches of most processors hold. */
const copied = 64 * 2 ** 20;
const rounds = 3;

const processor = (): string => cpus()[0]?.model ?? 'unknown';

/**
 * How fast one thread reads memory here. Measuring takes a tenth of a second of a processor, so it is done once for a
 * machine, and kept in the store's folder.
 */
export class Bandwidth {
  #known: number | null | undefined;
  #measuring: Promise<number> | null = null;

  constructor(
    private readonly log: Log,
    private readonly onLearned: () => void = () => {},
    private readonly file = speedFile(),
  ) {}

  /** Bytes a second; null where it is not known yet: then it is measured soon. */
  get(): number | null {
    this.#known ??= this.#read();
    // Not now: whoever asks is answered first.
    if (this.#known === null && this.#measuring === null)
      setTimeout(() => void this.measure(), 1_000).unref();
    return this.#known;
  }

  /** Bytes a second, measured where it is not known yet. */
  async measure(): Promise<number> {
    this.#known ??= this.#read();
    if (this.#known !== null) return this.#known;
    this.#measuring ??= this.#measure();
    return this.#measuring;
  }

  async #measure(): Promise<number> {
    const from = Buffer.alloc(copied, 1);
    const to = Buffer.alloc(copied, 2);
    let best = Infinity;
    for (let round = 0; round < rounds; round++) {
      await nextTurn();
      const since = performance.now();
      from.copy(to);
      best = Math.min(best, performance.now() - since);
    }
    // Read and written.
    const bytesPerSecond = Math.round((2 * copied) / (best / 1000));
    this.#known = bytesPerSecond;
    this.onLearned();
    try {
      writeAtomically(this.file, `${JSON.stringify({ processor: processor(), bytesPerSecond })}\n`, 0o644);
    } catch (error) {
      // A full disk: it is measured again by the next one.
      this.log.info('the speed of memory is not kept', { cause: String(error) });
    }
    return bytesPerSecond;
  }

  #read(): number | null {
    try {
      const kept = Speed.parse(JSON.parse(readFileSync(this.file, 'utf8')));
      return kept.processor === processor() ? kept.bytesPerSecond : null;
    } catch {
      // Not measured yet.
      return null;
    }
  }
}
