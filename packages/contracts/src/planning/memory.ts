/** Bytes that a model's worker needs, as far as context and slots decide them. */
export interface MemoryNeed {
  /** Weights: mapped from the file, but all of them are touched while computing, so all of them count. */
  weights: number;
  /** Attention cache and compute buffers for `slots` requests of `context` tokens each. */
  working(context: number, slots: number): number;
  /** The process without any model: program, libraries, tokenizer. */
  base: number;
}

export const mebibyte = 2 ** 20;

/** Peak resident memory of a worker, in bytes. */
export function totalMemory(need: MemoryNeed, context: number, slots: number): number {
  return Math.ceil(need.base + need.weights + need.working(context, slots));
}

/** Contexts below this are of no use to anyone. */
export const leastContext = 512;

/** A shape of a worker, and whether what it names is fixed or the most that is wished for. */
export interface WantedShape {
  context: number;
  slots: number;
  fixedContext: boolean;
  fixedSlots: boolean;
}

/**
 * The largest shape up to the wish whose memory is within `budget`: slots are given up first, then context by halves.
 *
 * @returns null where nothing fits
 */
export function largestShape(
  need: MemoryNeed,
  budget: number,
  wanted: WantedShape,
): { context: number; slots: number } | null {
  const fits = (context: number, slots: number) => totalMemory(need, context, slots) <= budget;
  for (let slots = wanted.slots; slots >= 1; slots--) {
    if (fits(wanted.context, slots)) return { context: wanted.context, slots };
    if (wanted.fixedSlots) break;
  }
  if (wanted.fixedContext) return null;
  const slots = wanted.fixedSlots ? wanted.slots : 1;
  for (
    let context = Math.floor(wanted.context / 2);
    context >= leastContext;
    context = Math.floor(context / 2)
  ) {
    if (fits(context, slots)) return { context, slots };
  }
  return null;
}

/** One line of `llama-fit-params --fit-print`, MiB turned into bytes, all devices added up. */
export interface FitSample {
  context: number;
  model: number;
  cache: number;
  compute: number;
}

/**
 * The table of `llama-fit-params --fit-print on`: `<device> <model> <context> <compute>` in MiB, one device a line.
 *
 * @returns null where there is no such table
 */
export function parseFit(stdout: string, context: number): FitSample | null {
  const rows = [...stdout.matchAll(/^\S+ (\d+) (\d+) (\d+)\s*$/gm)];
  if (rows.length === 0) return null;
  const sum = (column: number) => rows.reduce((bytes, row) => bytes + Number(row[column]) * mebibyte, 0);
  return { context, model: sum(1), cache: sum(2), compute: sum(3) };
}

/**
 * llama-server's need from two samples of llama.cpp's own arithmetic, at different contexts and one slot.
 *
 * Cache and buffers grow with the context along a straight line, for every architecture: with sliding windows the
 * slope is smaller, with a recurrent state it is 0. Each slot has a cache of its own; the buffers are shared.
 * @param fileBytes size of the weights, the lower bound of what they take
 */
export function needFromFit(low: FitSample, high: FitSample, fileBytes: number): MemoryNeed {
  const span = Math.max(1, high.context - low.context);
  const line = (a: number, b: number) => {
    const slope = Math.max(0, (b - a) / span);
    // A MiB more than the sample: the table is rounded down.
    return (context: number) => Math.max(0, a + mebibyte + slope * (context - low.context));
  };
  const cache = line(low.cache, high.cache);
  const compute = line(low.compute, high.compute);
  return {
    weights: Math.max(fileBytes, high.model),
    working: (context, slots) => slots * cache(context) + compute(context),
    base: llamaBase,
  };
}

/** llama-server of our build with a small vocabulary and no weights: libraries, tokenizer, threads (docs/benchmarks.md). */
export const llamaBase = 60 * mebibyte;

/**
 * The ONNX worker's need: Node with onnxruntime, the graph it builds from the weights, and the activations of a batch.
 *
 * Per token these are some forty vectors of a layer, and its row of each head's attention over the context, twice.
 * Heads are taken to be 32 components wide, the least that is usual.
 */
export function onnxNeed(fileBytes: number, embeddingLength: number): MemoryNeed {
  return {
    weights: Math.ceil(fileBytes * 1.1),
    working: (context) => {
      const heads = embeddingLength / 32;
      const perToken = 4 * (40 * embeddingLength + 2 * heads * context);
      return Math.max(batchTokens, context) * perToken;
    },
    base: onnxBase,
  };
}

/** Padded tokens of one batch of the ONNX worker: more gains no speed on a CPU, and activations grow with it. */
export const batchTokens = 1024;

/** Node with onnxruntime, a tokenizer and its heap at work, no model (measured with bge-small: peak 311 MiB in all). */
const onnxBase = 165 * mebibyte;
