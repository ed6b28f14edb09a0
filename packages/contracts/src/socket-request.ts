import { request } from 'node:http';
import { ApiError } from './engine';

/** An answer other than 2xx of one of our sockets, or no answer at all. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';

  constructor(
    /** HTTP status; 503 where nothing answers on the socket. */
    readonly status: number,
    /** Stable code of ApiError, or `unreachable`, `bad-answer`. */
    readonly code: string,
    message: string,
    readonly hint: string | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export interface SocketRequest {
  socketPath: string;
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  /** Sent as JSON. */
  body?: unknown;
  signal?: AbortSignal;
}

/**
 * One JSON request over a unix socket.
 *
 * @returns the parsed body; undefined where it is empty (204)
 * @throws ApiFailure on any answer but 2xx, and where nothing answers
 */
export async function requestOverSocket({
  socketPath,
  method,
  path,
  body,
  signal,
}: SocketRequest): Promise<unknown> {
  const sent = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const call = request(
      {
        socketPath,
        method,
        path,
        headers: {
          host: 'localhost',
          accept: 'application/json',
          ...(sent && { 'content-type': 'application/json', 'content-length': sent.length }),
        },
        signal,
        // One connection a request: the peers are a hop on this machine, and may exit when idle.
        agent: false,
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.once('error', reject);
        answer.once('end', () =>
          resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
        );
      },
    );
    call.once('error', reject);
    call.end(sent);
  }).catch((cause: unknown) => {
    if (signal?.aborted) throw cause;
    throw new ApiFailure(503, 'unreachable', `nothing answers on ${socketPath}`, null, { cause });
  });

  if (status >= 200 && status < 300 && text === '') return undefined;
  const parsed = parseJson(text);
  if (status >= 200 && status < 300 && parsed !== undefined) return parsed;
  const failure = ApiError.safeParse(parsed);
  if (failure.success) {
    const { code, message, hint } = failure.data.error;
    throw new ApiFailure(status, code, message, hint);
  }
  throw new ApiFailure(
    status,
    'bad-answer',
    `${socketPath} answered ${method} ${path} with ${status} and no error we know`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
