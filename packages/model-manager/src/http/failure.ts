import { NaniteError } from '@nanite/kit';

/** Whatever a request failed of as a NaniteError: the guard's own refusal, or that the source cannot be reached. */
export function requestFailed(error: unknown, url: string): unknown {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (at instanceof NaniteError) return at;
    if (at.name === 'AbortError') return error;
  }
  return new NaniteError('source-unreachable', `cannot reach ${new URL(url).host}`, {
    status: 502,
    hint: 'check the network, the name, and http_proxy/https_proxy if there is a proxy',
    cause: error,
  });
}
