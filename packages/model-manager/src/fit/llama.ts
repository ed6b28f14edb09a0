import { dirname, join } from 'node:path';
import { mebibyte, parseFit, useEnvironment, type FitSample, type LlamaUse } from '@nanite/planning';
import { NaniteError, runSandboxed } from '@nanite/kit';

export interface Asking {
  /** First of the model's files, whole or hollow; other parts lie beside it. */
  weights: string;
  /** In the same folder. */
  projector?: string;
  contextLength: number;
  use: LlamaUse;
  /** Precision of the attention cache: `f16`, `q8_0`. */
  cache: string;
  signal?: AbortSignal;
}

/**
 * What a model needs, as llama.cpp adds it up: the same question and the same line through two samples as the engine's
 * (docs/decisions/0041), asked in the gate's sandbox. Weights are not read.
 *
 * @throws NaniteError `refused-model` where llama.cpp cannot load it
 */
export async function askLlama(folder: string, asking: Asking): Promise<[FitSample, FitSample]> {
  const high = Math.min(asking.contextLength, 32_768);
  const low = Math.max(256, Math.floor(high / 4));
  return Promise.all([sample(folder, asking, low), sample(folder, asking, high)]);
}

async function sample(folder: string, asking: Asking, context: number): Promise<FitSample> {
  const ran = await runSandboxed({
    command: [join(folder, 'llama-fit-params'), '--fit-print', 'on', '--ctx-size', String(context)],
    environment: {
      HOME: '/nonexistent',
      LLAMA_ARG_MODEL: asking.weights,
      ...(asking.projector !== undefined && { LLAMA_ARG_MMPROJ: asking.projector }),
      ...useEnvironment(asking.use, context),
      LLAMA_ARG_N_PARALLEL: '1',
      LLAMA_ARG_CACHE_TYPE_K: asking.cache,
      LLAMA_ARG_CACHE_TYPE_V: asking.cache,
      LLAMA_ARG_LOG_VERBOSITY: '1',
      GGML_SKIP_BACKENDS: 'cuda,hip,vulkan',
    },
    readable: [folder, dirname(asking.weights)],
    memory: 2048 * mebibyte,
    cpuSeconds: 60,
    milliseconds: 60_000,
    ...(asking.signal && { signal: asking.signal }),
  });
  const found = parseFit(ran.stdout, context);
  if (found && ran.code === 0) return found;
  throw new NaniteError('refused-model', 'llama.cpp cannot load this model', {
    status: 422,
    hint: 'the file is damaged or of a kind that the installed llama.cpp does not know: get it again, or update',
    cause: `${ran.stdout}${ran.stderr}`.slice(-2000) || ran.signal,
  });
}
