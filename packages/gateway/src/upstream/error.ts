import { NaniteError } from '@nanite/kit';
import { ContextOverflow } from '../http/context-overflow';

interface WorkerError {
  message?: unknown;
  type?: unknown;
  n_prompt_tokens?: unknown;
  n_ctx?: unknown;
}

function parsed(body: string): WorkerError | null {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== 'object' || value === null) return null;
    const error: unknown = (value as { error?: unknown }).error ?? value;
    if (typeof error === 'string') return { message: error };
    return typeof error === 'object' && error !== null ? error : null;
  } catch {
    return null;
  }
}

/** The error that a worker or backend answered with, from the body of an answer other than 2xx, or of a stream. */
export function upstreamError(status: number, body: string): NaniteError {
  const error = parsed(body);
  const message =
    typeof error?.message === 'string' ? error.message : `the model's server answered ${status}`;
  if (error?.type === 'exceed_context_size_error') {
    return new ContextOverflow(Number(error.n_prompt_tokens ?? 0), Number(error.n_ctx ?? 0));
  }
  const batch =
    /\((\d+) tokens\) is (?:too large|larger than).*?(?:batch|context) size[:\s(]*(?:current batch size: )?(\d+)/s.exec(
      message,
    );
  if (batch !== null) return new ContextOverflow(Number(batch[1]), Number(batch[2]));
  if (/^infill is not supported/i.test(message)) {
    return new NaniteError('not-supported', 'the model does not support insert: it has no tokens for a gap', {
      status: 400,
    });
  }
  // The model cannot do it: the request is what to change.
  if (error?.type === 'not_supported_error' || status === 501) {
    return new NaniteError('not-supported', message, { status: 400 });
  }
  if (/^(image|audio|video) input is not supported/.test(message)) {
    return new NaniteError('not-supported', message.split(' - ')[0] ?? message, { status: 400 });
  }
  // A status that would tell our own client that its token is wrong.
  if (status === 401 || status === 403) {
    return new NaniteError('backend-refused', `the model's server refused us: ${message}`, {
      status: 502,
      hint: 'the administrator can look at gateway.backends[].keyFile',
    });
  }
  if (status === 503) return new NaniteError('worker-loading', message, { status: 503 });
  // What the worker blames on the request stays the client's mistake; what it blames on itself is a bad gateway.
  return new NaniteError(status >= 500 ? 'worker-error' : 'invalid-request', message, {
    status: status >= 500 ? 502 : status >= 400 ? status : 502,
  });
}
