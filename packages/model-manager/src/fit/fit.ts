import { totalmem } from 'node:os';
import { type EngineSettings, type Fit, type HardwareReport } from '@nanite/contracts';
import {
  chooseBackend,
  largestShape,
  leastContext,
  place,
  type BackendChoice,
  type MemoryNeed,
} from '@nanite/planning';

/** What is known of one quantisation of a model. */
export interface Candidate {
  quantisation: string;
  format: 'gguf' | 'onnx';
  need: MemoryNeed;
  contextLength: number;
  /** Share of the weights that one token needs: less than 1 for a mixture of experts. */
  activeShare: number;
  basis: Fit['basis'];
}

export interface Machine {
  hardware: HardwareReport | null;
  settings: Pick<EngineSettings, 'backend' | 'context' | 'memoryBytes'>;
  /** GPU backends of llama.cpp that are installed. */
  backends: readonly string[];
  /** Bytes a second that the processors read from memory; null where it was not measured. */
  bandwidth: number | null;
}

/** What a machine means for every model alike. */
export interface Here {
  /** Tokens of context that the settings give a request. */
  context: number;
  /** Where models of a format compute. */
  backend: Record<Candidate['format'], BackendChoice>;
  /** Bytes of the system's memory that models may take. */
  budget: number;
  bandwidth: number | null;
}

export function placeOf({ hardware, settings, backends, bandwidth }: Machine): Here {
  const cpu = chooseBackend('cpu', hardware, [])!;
  return {
    context: settings.context,
    backend: { gguf: chooseBackend(settings.backend, hardware, backends) ?? cpu, onnx: cpu },
    budget: settings.memoryBytes ?? hardware?.memory.modelBudgetBytes ?? Math.floor(totalmem() * 0.6),
    bandwidth,
  };
}

/** Of the memory's speed, what generation reaches: threads wait for one another (docs/benchmarks.md). */
const reached = 0.7;

/**
 * Whether a model runs here, with the largest context up to the setting's, for one client: the engine's own choice of
 * backend and shape (planWorker), made before the model is here.
 */
export function fitHere(candidate: Candidate, here: Here): Fit {
  const { need, contextLength, format } = candidate;
  const choice = here.backend[format];
  const wanted = Math.min(here.context, contextLength);
  const shape = largestShape(
    { context: wanted, slots: 1, fixedContext: false, fixedSlots: true },
    (context) => place(need, context, 1, choice).memoryBytes <= here.budget,
  );
  const tokensPerSecond =
    shape && format === 'gguf' && choice.backend === 'cpu' ? speed(candidate, here.bandwidth) : null;
  const placed = place(need, shape?.context ?? Math.min(wanted, leastContext), 1, choice);
  return {
    runs: shape !== null,
    why: whyOf(shape, wanted, placed.memoryBytes, here.budget, tokensPerSecond),
    quantisation: candidate.quantisation,
    context: shape?.context ?? null,
    backend: choice.backend,
    memoryBytes: placed.memoryBytes + placed.vramBytes,
    vramBytes: placed.vramBytes,
    tokensPerSecond,
    basis: candidate.basis,
  };
}

function whyOf(
  shape: { context: number } | null,
  wanted: number,
  needed: number,
  budget: number,
  tokensPerSecond: number | null,
): string | null {
  if (!shape) return `needs ${gibibytes(needed)}, and models may take ${gibibytes(budget)} here`;
  const costs = [
    ...(shape.context < wanted
      ? [`context is ${shape.context} instead of ${wanted} tokens: more does not fit`]
      : []),
    ...(isSlow({ tokensPerSecond }) ? ['slower than reading speed'] : []),
  ];
  return costs.length > 0 ? costs.join('; ') : null;
}

const gibibytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** Each token reads the weights once, and reading is what takes the time. */
function speed({ need, activeShare }: Candidate, bandwidth: number | null): number | null {
  if (bandwidth === null) return null;
  const perSecond = (bandwidth * reached) / (need.weights * activeShare);
  // Two digits: it is a guess from one number.
  const shift = 10 ** (1 - Math.floor(Math.log10(perSecond)));
  return Math.round(perSecond * shift) / shift;
}

/**
 * Tokens a second at which an answer comes as fast as it is read: 238 words a minute (Brysbaert 2019, silent reading of
 * English, mean of 190 studies) of 1.3 tokens each.
 */
const readingSpeed = 5;

/** Nothing is guessed for a GPU: it is not slow. */
const isSlow = ({ tokensPerSecond }: Pick<Fit, 'tokensPerSecond'>) =>
  tokensPerSecond !== null && tokensPerSecond < readingSpeed;

/**
 * The recommended one first: of those that answer as fast as people read the largest, for its answers are the best; where
 * none does, the fastest. Behind them what does not run, first what lacks least.
 */
export function inOrder(fits: readonly Fit[]): Fit[] {
  return [...fits].sort((a, b) => {
    if (a.runs !== b.runs) return Number(b.runs) - Number(a.runs);
    if (!a.runs) return a.memoryBytes - b.memoryBytes;
    if (isSlow(a) !== isSlow(b)) return Number(isSlow(a)) - Number(isSlow(b));
    const faster = isSlow(a) ? b.tokensPerSecond! - a.tokensPerSecond! : 0;
    return faster || b.memoryBytes - a.memoryBytes;
  });
}
