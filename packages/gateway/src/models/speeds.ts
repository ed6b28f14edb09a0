import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelEntry } from '@nanite/contracts';
import { describeError, runtimeDir, stateDir, writeAtomically, type Log } from '@nanite/kit';
import { z } from 'zod';

export interface KnownSpeed {
  tokensPerSecond: number;
  /** Seen in answers, measured by the engine while the machine was idle, or guessed from what else is known. */
  basis: 'answers' | 'measured' | 'guess';
}

const Kept = z.object({
  schema: z.literal(1),
  /** By sha256 of the weights. */
  models: z.record(z.string(), z.array(z.object({ at: z.number(), tokensPerSecond: z.number().positive() }))),
});
type Sample = z.infer<typeof Kept>['models'][string][number];

/** Of the hardware report: packages/gpu-detect. */
const MemorySpeed = z.object({ memory: z.object({ bytesPerSecond: z.number().positive() }) });

/** An answer shorter than this says more of its beginning than of the speed. */
const leastTokens = 16;
/** One slow answer may have met a busy moment. */
const leastSamples = 3;
const mostSamples = 8;
/** What was slow a day ago gets another chance: the machine may have been busy all the time. */
const rememberedMs = 24 * 60 * 60 * 1000;
const saveAfterMs = 2_000;
/** Of the speed at which memory is copied, what generation reaches (ADR 141). */
const reached = 0.8;

/**
 * How fast models answer on this machine, learnt from their answers and kept in a file.
 *
 * Counted are answers that no other disturbed. Of the last eight the upper quartile holds: a few that met a busy moment
 * change nothing, lasting slowness does.
 */
export class Speeds {
  readonly #models: Map<string, Sample[]>;
  #saving: NodeJS.Timeout | null = null;

  constructor(
    private readonly log: Log,
    private readonly file = join(stateDir(), 'gateway/speeds.json'),
    private readonly hardwareFile = join(runtimeDir(), 'hardware.json'),
    private readonly now: () => number = Date.now,
  ) {
    this.#models = this.#read();
  }

  /** An answer of a model that nothing else was asked beside it. */
  saw(entry: ModelEntry, tokens: number, nanoseconds: number): void {
    const key = weightsOf(entry)?.sha256;
    if (key === undefined || tokens < leastTokens || nanoseconds <= 0) return;
    const samples = this.#models.get(key) ?? [];
    samples.push({ at: this.now(), tokensPerSecond: tokens / (nanoseconds / 1e9) });
    this.#models.set(key, samples.slice(-mostSamples));
    // After the answer, not in it.
    this.#saving ??= setTimeout(() => this.save(), saveAfterMs).unref();
  }

  /** Null where nothing is known from which it could be guessed. */
  of(entry: ModelEntry, others: readonly ModelEntry[]): KnownSpeed | null {
    return this.#own(entry) ?? this.#guess(entry, others);
  }

  save(): void {
    if (this.#saving === null) return;
    clearTimeout(this.#saving);
    this.#saving = null;
    try {
      const kept: z.infer<typeof Kept> = { schema: 1, models: Object.fromEntries(this.#models) };
      writeAtomically(this.file, `${JSON.stringify(kept)}\n`, 0o640);
    } catch (error) {
      // Learnt again by the next answers.
      this.log.info('how fast models answer is not kept', { cause: describeError(error) });
    }
  }

  #own(entry: ModelEntry): KnownSpeed | null {
    const since = this.now() - rememberedMs;
    const recent = (this.#models.get(weightsOf(entry)?.sha256 ?? '') ?? []).filter(({ at }) => at >= since);
    if (recent.length >= leastSamples) {
      const sorted = recent.map(({ tokensPerSecond }) => tokensPerSecond).sort((a, b) => a - b);
      return { tokensPerSecond: sorted[Math.floor((sorted.length - 1) * 0.75)]!, basis: 'answers' };
    }
    return entry.tokensPerSecond === null
      ? null
      : { tokensPerSecond: entry.tokensPerSecond, basis: 'measured' };
  }

  /** Each token reads the weights once: speed goes with their size, from the model nearest in size, or from the memory's. */
  #guess(entry: ModelEntry, others: readonly ModelEntry[]): KnownSpeed | null {
    const bytes = weightsOf(entry)?.size ?? 0;
    if (entry.manifest.format !== 'gguf' || bytes === 0) return null;
    const known = others.flatMap((other) => {
      const speed = other.manifest.format === 'gguf' && other !== entry ? this.#own(other) : null;
      const size = weightsOf(other)?.size ?? 0;
      return speed === null || size === 0 ? [] : [{ size, tokensPerSecond: speed.tokensPerSecond }];
    });
    const distance = ({ size }: { size: number }): number => Math.abs(Math.log(size / bytes));
    const nearest = known.sort((a, b) => distance(a) - distance(b))[0];
    const bytesPerSecond =
      nearest === undefined ? this.#memorySpeed() : nearest.size * nearest.tokensPerSecond;
    return bytesPerSecond === null ? null : { tokensPerSecond: bytesPerSecond / bytes, basis: 'guess' };
  }

  #memorySpeed(): number | null {
    try {
      const kept = MemorySpeed.parse(JSON.parse(readFileSync(this.hardwareFile, 'utf8')));
      return kept.memory.bytesPerSecond * reached;
    } catch {
      // nanite-gpu-detect is not installed, or has not run.
      return null;
    }
  }

  #read(): Map<string, Sample[]> {
    let text: string;
    try {
      text = readFileSync(this.file, 'utf8');
    } catch {
      // Nothing was learnt yet.
      return new Map();
    }
    try {
      return new Map(Object.entries(Kept.parse(JSON.parse(text)).models));
    } catch (error) {
      this.log.warning('forgetting how fast models answer', { cause: describeError(error) });
      return new Map();
    }
  }
}

const weightsOf = ({ manifest }: ModelEntry): { sha256: string; size: number } | undefined =>
  manifest.files.find(({ role }) => role === 'weights');
