import type { BackendChoice } from './backend';

/** Bytes that a model's worker needs, as far as context and slots decide them. */
export interface MemoryNeed {
  /** Weights as the file holds them, and a GPU. */
  weights: number;
  /** Weights as the processor computes with them: some are repacked, and a table that is used at both ends is kept twice. */
  weightsOnCpu: number;
  /** Attention cache and compute buffers for `slots` requests of `context` tokens each. */
  working(context: number, slots: number): number;
  /** The process without weights: program, libraries, vocabulary. Never on a GPU. */
  base: number;
  /** What some requests touch beside that for a moment, such as grammars: room for the limit, not promised to the model. */
  passing: number;
}

export const mebibyte = 2 ** 20;

/** Where a worker's bytes lie. */
export interface Placement {
  /** In the system's memory: the peak resident set of the process. */
  memoryBytes: number;
  /** In the memory of a GPU's own. */
  vramBytes: number;
}

/** Where a worker's bytes lie at their peak, as many of them on the GPU as it holds. */
export function place(
  need: MemoryNeed,
  context: number,
  slots: number,
  on: Pick<BackendChoice, 'backend' | 'vramBytes'>,
): Placement {
  const working = need.working(context, slots);
  if (on.backend === 'cpu') {
    return { memoryBytes: Math.ceil(need.base + need.weightsOnCpu + working), vramBytes: 0 };
  }
  const movable = need.weights + working;
  // A GPU without memory of its own computes in the system's, and nothing is repacked for the processor.
  if (on.vramBytes === 0) return { memoryBytes: Math.ceil(need.base + movable), vramBytes: 0 };
  const vramBytes = Math.ceil(Math.min(movable, on.vramBytes));
  const stays = Math.max(0, movable - vramBytes);
  // What stays is mapped from the file, and repacked beside it.
  const repacked = (stays / movable) * need.weightsOnCpu;
  return { memoryBytes: Math.ceil(need.base + stays + repacked), vramBytes };
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
 * The largest shape up to the wish that fits: slots are given up first, then context by halves.
 *
 * @returns null where nothing fits
 */
export function largestShape(
  wanted: WantedShape,
  fits: (context: number, slots: number) => boolean,
): { context: number; slots: number } | null {
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
