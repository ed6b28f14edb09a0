import { bufferSource, type ByteSource } from '../bytes';
import { corpus } from '../corpus/corpus';
import { examine } from '../examine';
import { GateFacts } from '../facts';
import { Refusal } from '../refusal';
import { mutate, structured } from './mutate';
import { Random } from './random';

export interface FuzzResult {
  inputs: number;
  accepted: number;
  refused: Record<string, number>;
  /** Files that were let through and are not of the corpus, some of them, for llama.cpp to read as well. */
  samples: Buffer[];
  slowestMilliseconds: number;
}

/** An input that broke a promise of the gate. */
export class Finding extends Error {
  override readonly name = 'Finding';
  constructor(
    readonly seed: number,
    readonly bytes: Buffer,
    problem: string,
    cause?: unknown,
  ) {
    super(`seed ${seed}: ${problem}`, { cause });
  }
}

/** Reads no more than this for each byte of a file: work is bounded by the size, whatever the header says. */
const readsPerByte = 8;
const windowSlack = 2 ** 22;

/** The bytes, with each read checked: within the file, and not without end. */
function watched(bytes: Buffer, seed: number): ByteSource {
  const plain = bufferSource(bytes);
  let total = 0;
  return {
    size: bytes.length,
    read(at, length) {
      if (!Number.isSafeInteger(at) || !Number.isSafeInteger(length) || at < 0 || length < 0) {
        throw new Finding(seed, bytes, `read of ${length} bytes at ${at}`);
      }
      if (at + length > bytes.length && at + length > 1024) {
        throw new Finding(seed, bytes, `read up to ${at + length} of ${bytes.length} bytes`);
      }
      total += Math.min(length, bytes.length - at);
      if (total > readsPerByte * bytes.length + windowSlack)
        throw new Finding(seed, bytes, `read ${total} bytes`);
      return plain.read(at, length);
    },
  };
}

/**
 * Examine `count` mutations of the corpus; the input number n comes from the seed `seed + n` alone.
 *
 * Promises checked: nothing is thrown but a Refusal; no byte outside the file is asked for; reading is bounded by the
 * file's size; what is let through has facts that the schema takes.
 * @throws Finding with the seed that makes the input again
 */
export function fuzz(
  count: number,
  seed: number,
  { keep = 0, target = examine }: { keep?: number; target?: (source: ByteSource) => GateFacts } = {},
): FuzzResult {
  const files = corpus.map(({ bytes }) => bytes());
  const refused: Record<string, number> = {};
  const samples: Buffer[] = [];
  let accepted = 0;
  let slowestMilliseconds = 0;
  for (let at = 0; at < count; at++) {
    const bytes = fuzzInput(files, seed + at);
    const since = performance.now();
    try {
      const facts = target(watched(bytes, seed + at));
      const parsed = GateFacts.safeParse(facts);
      if (!parsed.success) throw new Finding(seed + at, bytes, 'facts that are none', parsed.error);
      accepted++;
      if (samples.length < keep && facts.format === 'gguf') samples.push(bytes);
    } catch (error) {
      if (error instanceof Finding) throw error;
      if (!(error instanceof Refusal)) throw new Finding(seed + at, bytes, 'threw something else', error);
      refused[error.reason] = (refused[error.reason] ?? 0) + 1;
    }
    slowestMilliseconds = Math.max(slowestMilliseconds, performance.now() - since);
  }
  return { inputs: count, accepted, refused, samples, slowestMilliseconds };
}

/** The input of one seed. */
export function fuzzInput(files: readonly Buffer[], seed: number): Buffer {
  const random = new Random(seed);
  return random.below(3) === 0 ? structured(random) : mutate(random.pick(files), files, random);
}
