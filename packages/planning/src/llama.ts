import { mebibyte, type MemoryNeed } from './memory';

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
