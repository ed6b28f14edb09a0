import type { ModelManifest, OllamaOptions } from '@nanite/contracts';
import { OllamaOptions as Options } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import type { Wants } from '../memory/types';

/** The model's own defaults, then what the request says. */
export function withDefaults(
  manifest: ModelManifest | null,
  given: OllamaOptions | null | undefined,
): OllamaOptions {
  const own = manifest === null ? {} : Options.safeParse(manifest.parameters).data;
  return { ...own, ...given };
}

/** What the options want of the worker. The context is never more than the model was trained for, as with Ollama. */
export function wantsOf(options: OllamaOptions, manifest: ModelManifest | null): Wants {
  const most = manifest?.contextLength ?? Infinity;
  const context = Math.trunc(options.num_ctx ?? 0);
  return {
    context: context <= 0 ? null : Math.min(context, most),
    // -1 and 0 threads mean "choose" in Ollama's API; so does a negative number of layers.
    threads:
      options.num_thread === undefined || options.num_thread < 1 ? null : Math.trunc(options.num_thread),
    gpuLayers: options.num_gpu === undefined || options.num_gpu < 0 ? null : Math.trunc(options.num_gpu),
  };
}

/** As Go cuts a number for a field that is whole. */
const whole = (value: number | undefined): number | undefined =>
  value === undefined ? undefined : Math.trunc(value);

const defined = (values: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

/**
 * Sampling in llama-server's names.
 *
 * @param context tokens of context, which `repeat_last_n: -1` and `num_predict: -2` mean
 */
export function samplingForWorker(options: OllamaOptions, context: number): Record<string, unknown> {
  const seed = whole(options.seed);
  const last = whole(options.repeat_last_n);
  const most = whole(options.num_predict);
  return defined({
    temperature: options.temperature,
    top_k: options.top_k === undefined ? undefined : Math.max(0, Math.trunc(options.top_k)),
    top_p: options.top_p,
    min_p: options.min_p,
    typical_p: options.typical_p,
    repeat_penalty: options.repeat_penalty,
    repeat_last_n: last === undefined ? undefined : last < 0 ? context : last,
    presence_penalty: options.presence_penalty,
    frequency_penalty: options.frequency_penalty,
    mirostat: whole(options.mirostat),
    mirostat_tau: options.mirostat_tau,
    mirostat_eta: options.mirostat_eta,
    // llama-server takes 31 bits; a negative seed means a random one in both.
    seed: seed === undefined ? undefined : seed < 0 ? -1 : seed % 2 ** 31,
    stop: typeof options.stop === 'string' ? [options.stop] : options.stop,
    n_predict: most === undefined ? undefined : most < 0 ? -1 : most,
    n_keep: whole(options.num_keep),
  });
}

/** Options that OpenAI's API has no name for; the rest are translated. */
const notInOpenAi = [
  'top_k',
  'min_p',
  'typical_p',
  'repeat_penalty',
  'mirostat',
  'num_ctx',
  'num_keep',
] as const;

/**
 * Sampling in the names of OpenAI's API, for backends of kind `openai`.
 *
 * @throws NaniteError 400 for an option that the request names and that cannot be said there
 */
export function samplingForOpenAi(options: OllamaOptions, backend: string): Record<string, unknown> {
  const unsaid = notInOpenAi.filter((name) => options[name] !== undefined);
  if (unsaid.length > 0) {
    throw new NaniteError('not-supported', `the backend ${backend} has no ${unsaid.join(', ')}`, {
      status: 400,
      hint: 'leave these options out',
    });
  }
  return defined({
    temperature: options.temperature,
    top_p: options.top_p,
    presence_penalty: options.presence_penalty,
    frequency_penalty: options.frequency_penalty,
    seed: options.seed,
    stop: options.stop,
    max_tokens:
      options.num_predict === undefined || options.num_predict < 0 ? undefined : options.num_predict,
  });
}
