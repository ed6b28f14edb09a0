interface Asked {
  logprobs?: boolean | null | undefined;
  top_logprobs?: number | null | undefined;
}

export interface Logprob {
  token?: unknown;
  logprob?: unknown;
  bytes?: unknown;
  top_logprobs?: Logprob[];
}

/** How many of the likeliest tokens a request wants named at each place. */
export const wantedLogprobs = ({ top_logprobs: top }: Asked): number => top ?? 0;

/** How many to ask llama-server for: it gives none at all where none of the likeliest is asked for. */
const asked = (request: Asked): number => Math.max(1, wantedLogprobs(request));

/** `logprobs` as fields of a request to a chat endpoint. */
export const probabilities = (request: Asked): Record<string, unknown> =>
  request.logprobs === true ? { logprobs: true, top_logprobs: asked(request) } : {};

/** `logprobs` as a field of a request to /completion or /infill. */
export const rawProbabilities = (request: Asked): Record<string, unknown> =>
  request.logprobs === true ? { n_probs: asked(request) } : {};

/**
 * llama-server's probabilities without its token ids, which Ollama's API does not have.
 *
 * @param top how many of the likeliest tokens are wanted
 */
export function logprobsOf(content: readonly Logprob[], top: number): unknown[] {
  return content.map(({ token, logprob, bytes, top_logprobs: likeliest }) => ({
    token,
    logprob,
    bytes,
    ...(likeliest !== undefined && top > 0 && { top_logprobs: logprobsOf(likeliest.slice(0, top), 0) }),
  }));
}
