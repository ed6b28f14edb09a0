import {
  type EngineSettings,
  type ModelManifest,
  type WorkerOptions,
  type WorkerPlan,
} from '@nanite/contracts';
import {
  type BackendChoice,
  largestShape,
  leastContext,
  mebibyte,
  type MemoryNeed,
  place,
} from '@nanite/planning';
import { NaniteError } from '@nanite/kit';
import { mostThreads, type CpuLimits } from '../limits/cpus';

/** Threads found best by measuring, for one model on one machine. */
export interface MeasuredThreads {
  threads: number;
  threadsBatch: number;
  /** Tokens a second with these threads, of an answer on an idle machine; null in what an older version measured. */
  tokensPerSecond: number | null;
  /** What was seen, for people: `2 threads: 266 tokens/s; 1: 160`. */
  summary: string;
}

export interface PlanInput {
  manifest: ModelManifest;
  options: WorkerOptions;
  settings: EngineSettings;
  cpu: CpuLimits;
  /** Bytes that all models together may take. */
  memoryBudget: number;
  backend: BackendChoice;
  need: MemoryNeed;
  /** A lower CPU variant to force, because a better one failed here. */
  cpuVariant: string | null;
  measured: MeasuredThreads | null;
}

/**
 * Decide how a model's worker runs.
 *
 * @throws NaniteError `model-too-large` where nothing fits this machine
 */
export function planWorker(input: PlanInput): WorkerPlan {
  const { manifest, options, settings, need, backend } = input;
  const reasons = [backend.reason];
  const onnx = manifest.format === 'onnx';

  const wanted = Math.min(options.context ?? settings.context, manifest.contextLength);
  if (options.context !== null && options.context > manifest.contextLength) {
    reasons.push(`The model was trained for ${manifest.contextLength} tokens of context, not more.`);
  }
  // The ONNX worker answers one batch at a time and queues the rest: its slots cost no memory.
  const wantedSlots = onnx ? 1 : (options.slots ?? settings.slots);
  const shape = fitShape(input, wanted, wantedSlots);
  if (!shape) {
    const smallest = options.context === null ? Math.min(wanted, leastContext) : wanted;
    const { memoryBytes: least } = place(need, smallest, 1, computesOn(input));
    throw new NaniteError(
      'model-too-large',
      `${manifest.name} needs ${inMiB(least)}, and models may take ${inMiB(input.memoryBudget)} on this machine`,
      { status: 507, hint: 'choose a smaller model or quantisation, or a smaller context' },
    );
  }
  const { context, slots } = shape;
  if (context < wanted) reasons.push(`Context is ${context} instead of ${wanted} tokens: more does not fit.`);
  if (slots < wantedSlots)
    reasons.push(`Serves ${slots} instead of ${wantedSlots} requests at once: more does not fit.`);

  const { threads, threadsBatch } = chooseThreads(input, reasons);
  const on = computesOn(input);
  const { memoryBytes, vramBytes } = place(need, context, slots, on);
  if (input.cpuVariant)
    reasons.push(`Uses ${input.cpuVariant}: a better variant ended with an illegal instruction here.`);
  return {
    model: manifest.id,
    runtime: onnx ? 'onnx' : 'llama',
    backend: onnx ? 'cpu' : backend.backend,
    cpuVariant: input.cpuVariant,
    context,
    slots,
    kvType: onnx ? null : settings.cache,
    threads,
    threadsBatch,
    gpuLayers: on.backend === 'cpu' ? 0 : options.gpuLayers,
    memoryBytes,
    vramBytes,
    limitBytes: withHeadroom(memoryBytes, need.passing),
    reasons,
  };
}

/** Where it computes: on the processor too where the client wants no layer on the GPU. */
function computesOn({ backend, options }: PlanInput): Pick<BackendChoice, 'backend' | 'vramBytes'> {
  return options.gpuLayers === 0 ? { backend: 'cpu', vramBytes: 0 } : backend;
}

/** The largest shape up to the wish that fits: slots are given up first, then context unless it was asked for. */
function fitShape(
  input: PlanInput,
  wanted: number,
  wantedSlots: number,
): { context: number; slots: number } | null {
  const { need, memoryBudget, options } = input;
  const on = computesOn(input);
  const shape = {
    context: wanted,
    slots: wantedSlots,
    fixedContext: options.context !== null,
    fixedSlots: options.slots !== null,
  };
  return largestShape(shape, (context, slots) => place(need, context, slots, on).memoryBytes <= memoryBudget);
}

function chooseThreads(input: PlanInput, reasons: string[]): { threads: number; threadsBatch: number } {
  const { cpu, options, settings, measured } = input;
  const most = mostThreads(cpu);
  const limit = Math.min(most, options.threads ?? Infinity, settings.threads ?? Infinity);
  if (cpu.quota !== null && most < cpu.allowed) {
    reasons.push(`At most ${most} threads: the CPU quota gives ${cpu.quota} of ${cpu.allowed} CPUs.`);
  }
  if (limit < most) reasons.push(`At most ${limit} threads, as asked for.`);
  if (measured) {
    reasons.push(`Threads were measured on this machine: ${measured.summary}.`);
    return {
      threads: Math.min(measured.threads, limit),
      threadsBatch: Math.min(measured.threadsBatch, limit),
    };
  }
  if (input.manifest.format === 'onnx') {
    reasons.push(`${limit} threads.`);
    return { threads: limit, threadsBatch: limit };
  }
  // Generation is bound by memory: a core's second thread adds nothing. Prompts are bound by arithmetic.
  const threads = Math.min(limit, Math.max(1, cpu.cores));
  reasons.push(`${threads} threads for generation and ${limit} for prompts, not measured yet.`);
  return { threads, threadsBatch: limit };
}

const inMiB = (bytes: number) => `${Math.ceil(bytes / mebibyte)} MiB`;

/** MemoryMax of a worker. Weights that stay mapped count too, but the kernel can drop and read them again. */
export function memoryLimit(plan: WorkerPlan): number {
  return plan.limitBytes ?? withHeadroom(plan.memoryBytes, 0);
}

/** Headroom for what an estimate cannot know: the allocator, long tool calls, images. */
const withHeadroom = (memoryBytes: number, passing: number) =>
  Math.ceil(memoryBytes * 1.25 + passing) + 128 * mebibyte;

/** Whether a worker that runs by `plan` serves what `options` ask for. */
export function serves(plan: WorkerPlan, options: WorkerOptions, contextLength: number): boolean {
  return (
    (options.context === null || plan.context >= Math.min(options.context, contextLength)) &&
    (options.slots === null || plan.runtime === 'onnx' || plan.slots >= options.slots) &&
    (options.threads === null || plan.threads <= options.threads) &&
    (options.gpuLayers === null || plan.backend === 'cpu' || plan.gpuLayers === options.gpuLayers)
  );
}
