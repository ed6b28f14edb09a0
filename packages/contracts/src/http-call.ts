import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { ApiFailure } from './api-failure';
import { ApiError } from './engine';
import { OllamaError } from './ollama';

/** Where a service listens. */
export type HttpAddress =
  { kind: 'unix'; socketPath: string } | { kind: 'tcp'; url: URL; token: string | null };

export interface HttpCall {
  address: HttpAddress;
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is, instead of `body`. */
  bytes?: Readable;
  signal?: AbortSignal;
}

/** Largest answer that is not a stream, and largest line of a stream, in characters. */
const mostCharacters = 64 * 1024 * 1024;

/** Address in words. */
export const placeOf = (address: HttpAddress): string =>
  address.kind === 'unix' ? address.socketPath : address.url.origin;

/**
 * Ask, and get the answer as soon as it begins, with status 2xx; the caller reads or destroys it.
 *
 * It is built on node:http and not on fetch, which knows no unix sockets and takes Node 20 longer (22 ms) to load than
 * the asking takes. One connection a call: the peers are a hop on this machine, and may exit when idle.
 *
 * @throws ApiFailure on any other answer, and where none comes; what the signal makes of it where that is aborted
 */
export async function openCall(call: HttpCall): Promise<IncomingMessage> {
  const { address, method, path, body, bytes, signal } = call;
  const sent = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const options: RequestOptions & { headers: Record<string, string | number> } = {
    method,
    signal,
    agent: false,
    headers: {
      accept: 'application/json, application/x-ndjson',
      ...(sent && { 'content-type': 'application/json', 'content-length': sent.length }),
      ...(bytes && { 'content-type': 'application/octet-stream' }),
      ...call.headers,
    },
  };
  let url = new URL(`http://localhost${path}`);
  if (address.kind === 'unix') {
    options.socketPath = address.socketPath;
  } else {
    url = new URL(path.slice(1), new URL(address.url.href.replace(/\/*$/, '/')));
    if (address.token !== null) options.headers['authorization'] = `Bearer ${address.token}`;
  }
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = send(url, options, resolve);
    // Stays for errors after the answer has begun: its reader sees them as well.
    request.on('error', (cause) => reject(signal?.aborted ? cause : noAnswer(cause, address)));
    if (bytes === undefined) return void request.end(sent);
    bytes.once('error', (error) => request.destroy(error));
    bytes.pipe(request);
  });
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 300) return answer;
  throw await refusal(answer, status, call);
}

/** The body of an answer as JSON; undefined where it is empty (204). @throws ApiFailure `broken-off`, `bad-answer` */
export async function jsonOf(answer: IncomingMessage, call: HttpCall): Promise<unknown> {
  const text = await textOf(answer, call);
  return text === '' ? undefined : parsed(text, call);
}

/** Ask, and read the answer as JSON; undefined where it is empty. @throws ApiFailure */
export async function callJson(call: HttpCall): Promise<unknown> {
  return jsonOf(await openCall(call), call);
}

/** Values of a stream of JSON lines. Leaving the loop ends the call. @throws ApiFailure `broken-off`, `bad-answer` */
export async function* jsonLines(
  answer: IncomingMessage,
  call: HttpCall,
): AsyncGenerator<unknown, void, void> {
  let rest = '';
  for await (const piece of piecesOf(answer, call)) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > mostCharacters) throw brokenOff(call.address);
    for (const line of lines) if (line.trim() !== '') yield parsed(line, call);
  }
  if (rest.trim() !== '') yield parsed(rest, call);
}

async function textOf(answer: IncomingMessage, call: HttpCall): Promise<string> {
  let text = '';
  for await (const piece of piecesOf(answer, call)) {
    text += piece;
    if (text.length > mostCharacters) break;
  }
  return text;
}

async function* piecesOf(
  answer: IncomingMessage,
  { address, signal }: HttpCall,
): AsyncGenerator<string, void, void> {
  answer.setEncoding('utf8');
  try {
    for await (const piece of answer as AsyncIterable<string>) yield piece;
  } catch (cause) {
    signal?.throwIfAborted();
    throw brokenOff(address, cause);
  } finally {
    answer.destroy();
  }
}

function parsed(text: string, { address, method, path }: HttpCall): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = `${placeOf(address)} answered ${method} ${path} with something that is not JSON`;
    throw new ApiFailure(502, 'bad-answer', message, null, { cause });
  }
}

function noAnswer(cause: Error, address: HttpAddress): ApiFailure {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM') {
    return new ApiFailure(403, 'no-access', `you may not connect to ${placeOf(address)}`, null, { cause });
  }
  if (code === 'ECONNRESET' || code === 'EPIPE') return brokenOff(address, cause);
  return new ApiFailure(503, 'unreachable', `nothing answers on ${placeOf(address)}`, null, { cause });
}

function brokenOff(address: HttpAddress, cause?: unknown): ApiFailure {
  const message = `the answer broke off: ${placeOf(address)} closed the connection`;
  return new ApiFailure(502, 'broken-off', message, null, { cause });
}

/** An answer that is not a success: in our words, in Ollama's, or of something that speaks neither. */
async function refusal(answer: IncomingMessage, status: number, call: HttpCall): Promise<ApiFailure> {
  const wait = Number(answer.headers['retry-after']);
  const hint = Number.isFinite(wait) && wait > 0 ? `try again in ${wait} s` : null;
  let value: unknown;
  try {
    value = await jsonOf(answer, call);
  } catch (error) {
    if (!(error instanceof ApiFailure) || error.code !== 'bad-answer') throw error;
  }
  const ours = ApiError.safeParse(value);
  if (ours.success) {
    const { code, message, hint: given } = ours.data.error;
    return new ApiFailure(status, code, message, given ?? hint);
  }
  const ollama = OllamaError.safeParse(value);
  const message = ollama.success
    ? ollama.data.error
    : `${placeOf(call.address)} answered ${call.method} ${call.path} with status ${status}`;
  return new ApiFailure(status, `http-${status}`, message, hint);
}
