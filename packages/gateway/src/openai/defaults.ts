import type { ModelManifest } from '@nanite/contracts';
import { samplingForWorker, withDefaults } from '../ollama/options';

/** The fields by which OpenAI's and Anthropic's clients say how long an answer may be. */
const lengths = ['max_tokens', 'max_completion_tokens', 'max_output_tokens', 'n_predict'];

const names = (given: Record<string, unknown>, field: string): boolean =>
  given[field] !== undefined && given[field] !== null;

/** Largest seed of llama-server, which has 31 bits. */
const maxSeed = 2 ** 31;

/**
 * The model's own sampling defaults where a request names none, and a seed that llama-server can take. An answer ends where the
 * context is full, as it does with OpenAI and Anthropic.
 */
export function defaultsFor(
  manifest: ModelManifest,
  given: Record<string, unknown>,
): Record<string, unknown> {
  const own = samplingForWorker(withDefaults(manifest, null), manifest.contextLength);
  const missing = Object.entries(own).filter(([name]) =>
    name === 'n_predict' ? !lengths.some((length) => names(given, length)) : !names(given, name),
  );
  const { seed } = given;
  return {
    ...Object.fromEntries(missing),
    context_shift: false,
    ...(typeof seed === 'number' && { seed: seed < 0 ? -1 : Math.trunc(seed) % maxSeed }),
  };
}
