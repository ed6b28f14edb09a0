import type { ModelManifest } from '@nanite/contracts';
import { mebibyte, type MemoryNeed } from './memory';

/** What `llama-fit-params --fit-print on` says of one context with one slot, in bytes (packages/llama, patches 5 and 13). */
export interface FitSample {
  context: number;
  /** Weights in buffers that the processor reads as they are, and repacked for it. */
  plain: number;
  repacked: number;
  cache: number;
  compute: number;
  /** Heap of a process that has loaded the vocabulary and no weights. */
  heap: number;
  /** Tokens of the vocabulary. */
  vocabulary: number;
  /** Tokens that layers with a sliding window see; 0 where all layers see all. */
  window: number;
  /** Weights of the projector and what its encoders reserve; 0 without one, or where llama.cpp does not say. */
  projector: number;
}

/** @returns null where the output says no such thing */
export function parseFit(stdout: string, context: number): FitSample | null {
  const buffers = [...stdout.matchAll(/^need buffer (\S+) (\d+) (\d+) (\d+)$/gm)];
  const [heap, vocabulary, window, projector = 0] = ['heap', 'vocabulary', 'window', 'projector'].map(
    (name) => {
      const said = new RegExp(`^need ${name} (\\d+)$`, 'm').exec(stdout)?.[1];
      return said === undefined ? undefined : Number(said);
    },
  );
  if (buffers.length === 0 || heap === undefined || vocabulary === undefined || window === undefined)
    return null;
  const sum = (column: number, rows = buffers) => rows.reduce((bytes, row) => bytes + Number(row[column]), 0);
  return {
    context,
    plain: sum(
      2,
      buffers.filter(([, name]) => name === 'Host'),
    ),
    repacked: sum(
      2,
      buffers.filter(([, name]) => name !== 'Host'),
    ),
    cache: sum(3),
    compute: sum(4),
    heap,
    vocabulary,
    window,
    projector,
  };
}

/** How a model is used, as far as llama.cpp's buffers depend on it. */
export type LlamaUse = 'generate' | 'embed' | 'rank';

/** What a model of these capabilities is used for: one that can do both generates. */
export function llamaUse(capabilities: ModelManifest['capabilities']): LlamaUse {
  if (capabilities.includes('completion') || capabilities.includes('chat')) return 'generate';
  if (capabilities.includes('embedding')) return 'embed';
  return capabilities.includes('rerank') ? 'rank' : 'generate';
}

/**
 * Environment of llama.cpp's programs that decides over its buffers besides context and slots.
 *
 * @param context an input that is embedded or ranked is computed in one piece; null where the caller says so itself
 */
export function useEnvironment(use: LlamaUse, context: number | null): Record<string, string> {
  if (use === 'generate') return {};
  return {
    ...(use === 'embed' ? { LLAMA_ARG_EMBEDDINGS: 'true' } : { LLAMA_ARG_RERANKING: 'true' }),
    ...(context !== null && { LLAMA_ARG_BATCH: String(context), LLAMA_ARG_UBATCH: String(context) }),
  };
}

/**
 * llama-server's need from two samples of llama.cpp's own arithmetic, at different contexts and one slot
 * (docs/decisions/0123).
 *
 * Cache and buffers grow with the context along a straight line, for every architecture: with sliding windows the
 * slope is smaller, with a recurrent state it is 0. Each slot has a cache of its own; the buffers are shared.
 * @param files bytes of the weights' files, of what comes beside them (projectors, adapters), and of the projector alone
 */
export function needFromFit(
  low: FitSample,
  high: FitSample,
  files: { weights: number; besides: number; projector: number },
  use: LlamaUse = 'generate',
): MemoryNeed {
  const span = Math.max(1, high.context - low.context);
  const line = (a: number, b: number) => {
    const slope = Math.max(0, (b - a) / span);
    return (context: number) => Math.max(0, a + slope * (context - low.context));
  };
  const cache = line(low.cache, high.cache);
  const compute = line(low.compute, high.compute);
  const { vocabulary, window, heap } = high;
  // The part of the cache that does not grow: of layers with a window, which hold a batch besides, or a recurrent state.
  const fixed = Math.min(cache(0), low.cache);
  const checkpoint = window > 0 ? (fixed * window) / (window + batchTokens) : fixed;
  const slot = checkpoints * checkpoint + scoresOfToken * vocabulary;
  // Where the scores of all tokens are computed, as for embeddings of a model that could generate, they are copied out as well.
  const copied = use !== 'generate' && high.compute >= 4 * vocabulary * high.context ? 4 * vocabulary : 0;
  // An image larger than what encoders reserve for takes more while it is looked at, about as much again.
  const encoders = Math.max(0, high.projector - files.projector);
  return {
    weights: files.weights + files.besides,
    weightsOnCpu: high.plain + high.repacked + files.besides,
    working: (context, slots) => slots * (cache(context) + slot) + compute(context) + copied * context,
    base: llamaBase + heap + encoders,
    passing: (use === 'generate' ? grammarOfToken * vocabulary : 0) + encoders,
  };
}

/** The files of a model, as `needFromFit` wants them. */
export function bytesOfFiles(files: ReadonlyArray<{ role: string; size: number | null }>): {
  weights: number;
  besides: number;
  projector: number;
} {
  const sum = (...roles: string[]) =>
    files.reduce((bytes, { role, size }) => bytes + (roles.includes(role) ? (size ?? 0) : 0), 0);
  const projector = sum('projector');
  return { weights: sum('weights'), besides: projector + sum('adapter'), projector };
}

/** llama-server without the heap of a model: program, libraries, graphs, threads; 17 to 33 MiB with 21 vocabularies. */
export const llamaBase = 24 * mebibyte;

/** Heap of a vocabulary that is not known yet: 128,000 tokens with their merges. */
export const unknownVocabulary = 50 * mebibyte;

/** Earlier states of a slot that llama-server keeps of models with a window or a recurrent state. */
export const checkpoints = 2;

/** Bytes for each token of the vocabulary and slot: its score in two buffers, and what sampling sorts. */
const scoresOfToken = 20;

/** Bytes for each token of the vocabulary while grammars sort out which may come: 250 to 700 seen with four slots. */
const grammarOfToken = 800;

/** Tokens that llama.cpp computes at once. */
const batchTokens = 512;
