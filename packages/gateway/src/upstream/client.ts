import type { IncomingHttpHeaders } from 'node:http';
import type { Pool } from 'undici';
import ConnectionPool from 'undici/lib/dispatcher/pool.js';
import { NaniteError } from '@nanite/kit';

/** A server that answers requests: a worker on its unix socket, or a backend over TCP. */
export interface Upstream {
  /** For messages: the model's id, or the backend's name. */
  name: string;
  pool: Pool;
  /** Sent with every request: the backend's key. */
  headers: Record<string, string>;
  /** Before every path: the path of the backend's base URL. */
  prefix: string;
  /** Where a server runs that we do not start; null for workers. */
  url: string | null;
  /**
   * Milliseconds within which a kept connection that ends without an answer was closed before the server could work on the
   * request, so that it may be sent again; 0: never. A worker that a long prompt has killed must not be given it once more.
   */
  resendWithinMs: number;
}

/** For servers on this machine, whose connections carry news in microseconds. */
export const localResendMs = 1_000;

/** The server could not be reached, or broke off. */
export class UpstreamFailure extends NaniteError {
  constructor(
    /** `connect`: the request was not sent, so it can be sent again elsewhere. */
    readonly phase: 'connect' | 'broken',
    { name, url }: Pick<Upstream, 'name' | 'url'>,
    cause: unknown,
  ) {
    super(
      url === null ? 'worker-died' : 'backend-unreachable',
      phase === 'connect' ? `${name} does not answer` : `${name} ended in the middle of the answer`,
      {
        status: 502,
        hint:
          url === null
            ? 'try again: a new one will be started'
            : `check that ${url} runs and that the gateway can reach it: nanite-gateway(8)`,
        cause,
      },
    );
  }
}

export interface UpstreamRequest {
  method: 'GET' | 'POST';
  path: string;
  body?: Buffer | string;
}

/** Slows the server down while the client does not read. */
export interface Flow {
  pause(): void;
  resume(): void;
}

export interface Receiver {
  head(status: number, headers: IncomingHttpHeaders, flow: Flow): void;
  data(chunk: Buffer): void;
  end(): void;
  /** UpstreamFailure, or the reason given to abort(). */
  failed(error: Error): void;
}

const notSent = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'EACCES',
  // The unit's IPAddressDeny.
  'EPERM',
  'UND_ERR_CONNECT_TIMEOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
]);

function failureOf(upstream: Upstream, error: Error): Error {
  if (error instanceof NaniteError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return new UpstreamFailure(notSent.has(code) ? 'connect' : 'broken', upstream, error);
}

/**
 * Whether a kept connection was closed by the server as the request was on its way: servers may close an idle one at any
 * moment (RFC 9112, 9.3.1), and llama-server does. undici notes what the socket had read before: nothing where it is new.
 */
function wasStale(error: Error): boolean {
  const { code, socket } = error as NodeJS.ErrnoException & { socket?: { bytesRead?: number } };
  return code === 'UND_ERR_SOCKET' && (socket?.bytesRead ?? 0) > 0;
}

const sharedOptions = {
  // A long prompt on a slow machine may take minutes before the first byte, and a model may think between two.
  headersTimeout: 0,
  bodyTimeout: 0,
  connectTimeout: 10_000,
  pipelining: 1,
  // llama-server keeps idle connections for 5 s.
  keepAliveTimeout: 4_000,
  keepAliveMaxTimeout: 4_000,
};

export function openSocketPool(socketPath: string, connections: number): Pool {
  return new ConnectionPool('http://localhost', { ...sharedOptions, connections, socketPath });
}

export function openTcpPool(origin: string, connections: number): Pool {
  return new ConnectionPool(origin, { ...sharedOptions, connections });
}

/**
 * Send a request and hand the answer on as it comes. One that meets a connection which the server has just closed is sent
 * again over another, if the upstream allows.
 *
 * @returns a function that ends it: llama-server stops generating when its client goes away
 */
export function send(
  upstream: Upstream,
  request: UpstreamRequest,
  receiver: Receiver,
): (reason: Error) => void {
  let abort: ((reason: Error) => void) | null = null;
  let aborted: Error | null = null;
  let answered = false;
  let startedAt = 0;
  const dispatch = (): void => {
    upstream.pool.dispatch(
      {
        method: request.method,
        path: `${upstream.prefix}${request.path}`,
        headers:
          request.body === undefined
            ? upstream.headers
            : { ...upstream.headers, 'content-type': 'application/json' },
        body: request.body ?? null,
      },
      {
        onRequestStart(controller) {
          startedAt = performance.now();
          abort = (reason) => controller.abort(reason);
          if (aborted !== null) controller.abort(aborted);
        },
        onResponseStart(controller, status, headers) {
          answered = true;
          if (status < 200) return;
          receiver.head(status, headers, controller);
        },
        onResponseData(_controller, chunk) {
          receiver.data(chunk);
        },
        onResponseEnd() {
          receiver.end();
        },
        onResponseError(_controller, error) {
          // Ends: each time one kept connection fewer is left.
          const soon = performance.now() - startedAt < upstream.resendWithinMs;
          if (!answered && aborted === null && soon && wasStale(error)) dispatch();
          else receiver.failed(aborted ?? failureOf(upstream, error));
        },
      },
    );
  };
  dispatch();
  return (reason) => {
    if (aborted !== null) return;
    aborted = reason;
    abort?.(reason);
  };
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** Most that is held of an answer that is read whole. */
const maxAnswerBytes = 256 * 2 ** 20;

/**
 * Send a request and read the whole answer.
 *
 * @throws UpstreamFailure, or the signal's reason
 */
export function fetchWhole(
  upstream: Upstream,
  request: UpstreamRequest,
  signal?: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    let status = 0;
    let headers: IncomingHttpHeaders = {};
    let size = 0;
    const chunks: Buffer[] = [];
    const onAbort = () => abort(signal?.reason as Error);
    const abort = send(upstream, request, {
      head(code, fields) {
        status = code;
        headers = fields;
      },
      data(chunk) {
        size += chunk.length;
        if (size > maxAnswerBytes)
          abort(new NaniteError('bad-answer', 'the answer is too large', { status: 502 }));
        else chunks.push(chunk);
      },
      end() {
        signal?.removeEventListener('abort', onAbort);
        resolve({
          status,
          headers,
          body: chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks),
        });
      },
      failed(error) {
        signal?.removeEventListener('abort', onAbort);
        reject(error);
      },
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
