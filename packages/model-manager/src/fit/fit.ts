import { totalmem } from 'node:os';
import { type EngineSettings, type Fit, type HardwareReport } from '@nanite/contracts';
import {
  chooseBackend,
  largestShape,
  leastContext,
  totalMemory,
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
  const budget = here.budget + choice.vramBytes;
  const wanted = Math.min(here.context, contextLength);
  const shape = largestShape(need, budget, {
    context: wanted,
    slots: 1,
    fixedContext: false,
    fixedSlots: true,
  });
  const memoryBytes = totalMemory(need, shape?.context ?? Math.min(wanted, leastContext), 1);
  const movable = need.weights + need.working(shape?.context ?? wanted, 1);
  const vramBytes = Math.ceil(Math.min(movable, choice.vramBytes));
  return {
    runs: shape !== null,
    why: whyOf(shape, wanted, memoryBytes, budget),
    quantisation: candidate.quantisation,
    context: shape?.context ?? null,
    backend: choice.backend,
    memoryBytes,
    vramBytes,
    tokensPerSecond:
      shape && format === 'gguf' && choice.backend === 'cpu' ? speed(candidate, here.bandwidth) : null,
    basis: candidate.basis,
  };
}

function whyOf(
  shape: { context: number } | null,
  wanted: number,
  needed: number,
  budget: number,
): string | null {
  if (!shape) return `needs ${gibibytes(needed)}, and models may take ${gibibytes(budget)} here`;
  return shape.context < wanted
    ? `context is ${shape.context} instead of ${wanted} tokens: more does not fit`
    : null;
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

/** The recommended one first: of those that run the largest, for its answers are the best. */
export function inOrder(fits: readonly Fit[]): Fit[] {
  return [...fits].sort(
    (a, b) => Number(b.runs) - Number(a.runs) || sign(a) * (b.memoryBytes - a.memoryBytes),
  );
}

const sign = ({ runs }: Fit) => (runs ? 1 : -1);
