import type { IncomingMessage, ServerResponse } from 'node:http';
import { describeError, NaniteError } from '../errors';
import type { Log } from '../log';
import { schemaErrorText } from '../schema-issues';

/** Answer with JSON; undefined: with nothing. Nobody there any more: silently not. */
export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  if (response.destroyed) return;
  if (value === undefined) return void response.writeHead(status).end();
  const text = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': text.length });
  if (response.req.method !== 'HEAD') response.write(text);
  if (response.req.complete) response.end();
  else endWithRequest(response);
}

/** Milliseconds for which more of a request is taken whose answer was sent. */
const lingering = 5_000;

/**
 * End an answer that was written before all of its request came. Whoever still sends when the connection closes is told of a
 * reset, and many never look at the answer that came before it: so the rest is read and thrown away, for a while.
 */
function endWithRequest(response: ServerResponse): void {
  const { req: request } = response;
  const end = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, lingering).unref();
  request.once('end', end).once('close', end);
  request.resume();
}

/** Anything thrown as an error with a code and a status: what does not fit a schema is the asker's, all else ours. */
export function failureOf(error: unknown): NaniteError {
  if (error instanceof NaniteError) return error;
  const objection = schemaErrorText(error);
  if (objection !== null) return new NaniteError('bad-request', objection, { status: 400, cause: error });
  return new NaniteError('internal', describeError(error), { status: 500, cause: error });
}

/**
 * Answer with an error as contracts' ApiError has it; of an answer that has begun, break off the connection. What is
 * our own fault is a line in the log, with the path and no word of what was asked.
 *
 * @returns the error as it was answered
 */
export function refuse(
  log: Pick<Log, 'error'>,
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
): NaniteError {
  const failure = failureOf(error);
  const { code, message, hint, status } = failure;
  if (code === 'internal') log.error('a request failed', { path: request.url, cause: describeError(error) });
  if (response.headersSent) {
    response.destroy();
    return failure;
  }
  // A large body that nobody reads: end the connection with the answer.
  if (!request.complete) response.setHeader('connection', 'close');
  sendJson(response, status, { error: { code, message, hint } });
  return failure;
}
