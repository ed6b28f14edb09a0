import { request, type IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { ApiError } from './engine';
import { ApiFailure } from './socket-request';

export interface SocketStreamRequest {
  socketPath: string;
  method: 'GET' | 'HEAD' | 'POST' | 'DELETE';
  path: string;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is, instead of `body`. */
  bytes?: Readable;
  signal?: AbortSignal;
}

/**
 * A request over a unix socket whose answer is read as it comes.
 *
 * @returns the answer, with status 2xx; the caller reads or destroys it
 * @throws ApiFailure on any other answer, and where nothing answers (`unreachable`) or may not be asked (`no-access`)
 */
export async function openOverSocket(options: SocketStreamRequest): Promise<IncomingMessage> {
  const { socketPath, method, path, body, bytes, signal } = options;
  const sent = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const call = request(
      {
        socketPath,
        method,
        path,
        headers: {
          host: 'localhost',
          accept: 'application/x-ndjson, application/json',
          ...(sent && { 'content-type': 'application/json', 'content-length': sent.length }),
          ...(bytes && { 'content-type': 'application/octet-stream' }),
          ...options.headers,
        },
        signal,
        agent: false,
      },
      resolve,
    );
    // Stays for errors after the answer has begun, which its reader sees as well.
    call.on('error', reject);
    if (bytes === undefined) return void call.end(sent);
    bytes.once('error', (error) => call.destroy(error));
    bytes.pipe(call);
  }).catch((cause: unknown) => {
    if (signal?.aborted) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EACCES') {
      throw new ApiFailure(403, 'no-access', `you may not connect to ${socketPath}`, null, { cause });
    }
    if (code === 'ENOENT' || code === 'ECONNREFUSED') {
      throw new ApiFailure(503, 'unreachable', `nothing answers on ${socketPath}`, null, { cause });
    }
    throw new ApiFailure(502, 'broken-off', `${socketPath} ended the connection`, null, { cause });
  });
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 300) return answer;
  throw await failureOf(answer, status, `${method} ${path}`);
}

/** Values of a stream of JSON lines. @throws ApiFailure `broken-off` where it breaks off, `bad-answer` */
export async function* jsonLines(answer: IncomingMessage): AsyncGenerator<unknown, void, void> {
  answer.setEncoding('utf8');
  let rest = '';
  try {
    for await (const piece of answer as AsyncIterable<string>) {
      const lines = (rest + piece).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') yield parsed(line);
    }
  } catch (cause) {
    if (cause instanceof ApiFailure || (cause as Error).name === 'AbortError') throw cause;
    throw new ApiFailure(502, 'broken-off', 'the answer broke off', null, { cause });
  } finally {
    answer.destroy();
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new ApiFailure(502, 'bad-answer', 'a line of the answer is no JSON', null, { cause });
  }
}

async function failureOf(answer: IncomingMessage, status: number, what: string): Promise<ApiFailure> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    value = undefined;
  }
  const failure = ApiError.safeParse(value);
  if (!failure.success) return new ApiFailure(status, 'bad-answer', `${what} was answered with ${status}`);
  const { code, message, hint } = failure.data.error;
  return new ApiFailure(status, code, message, hint);
}
