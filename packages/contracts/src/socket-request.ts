import type { IncomingMessage } from 'node:http';
import { callJson, jsonLines, openCall, type HttpCall } from './http-call';

/** A request to a service on its unix socket. */
export interface SocketRequest extends Omit<HttpCall, 'address'> {
  socketPath: string;
}

const onSocket = ({ socketPath, ...rest }: SocketRequest): HttpCall => ({
  ...rest,
  address: { kind: 'unix', socketPath },
});

/** A request whose answer is read as it comes. @returns the answer, with status 2xx @throws ApiFailure */
export function openOverSocket(request: SocketRequest): Promise<IncomingMessage> {
  return openCall(onSocket(request));
}

/** A request answered by JSON. @returns the value; undefined where the answer is empty (204) @throws ApiFailure */
export function requestOverSocket(request: SocketRequest): Promise<unknown> {
  return callJson(onSocket(request));
}

/**
 * A request answered by a stream of JSON lines. Leaving the loop, or aborting the signal, ends it.
 *
 * @throws ApiFailure, `broken-off` where the stream breaks off
 */
export async function* linesOverSocket(request: SocketRequest): AsyncGenerator<unknown, void, void> {
  const call = onSocket(request);
  yield* jsonLines(await openCall(call), call);
}
