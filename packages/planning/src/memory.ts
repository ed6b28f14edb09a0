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
