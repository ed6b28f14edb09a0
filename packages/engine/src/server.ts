import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { ModelId, WorkerRequest, type ApiError } from '@nanite/contracts';
import { describeError, NaniteError, type Log } from '@nanite/kit';
import { z } from 'zod';
import type { Engine } from './workers/engine';

/** Bodies are a model's name and four numbers. */
const mostBody = 64 * 1024;

/** What an answer is made of; undefined: 204. */
type Handler = (request: IncomingMessage, id: string) => Promise<unknown>;

/**
 * The engine's API (contracts/src/engine.ts) over plain node:http: five routes to one peer need no framework, and the
 * engine's memory is part of what an idle machine pays.
 */
export function createApi(engine: Engine, log: Log): Server {
  const routes: Array<[method: string, path: RegExp, handler: Handler]> = [
    ['GET', /^\/v1\/models$/, async () => ({ models: await engine.models() })],
    ['GET', /^\/v1\/workers$/, async () => (await engine.sweep(), { workers: engine.workers() })],
    ['POST', /^\/v1\/workers$/, async (request) => engine.start(await body(request, WorkerRequest))],
    [
      'DELETE',
      /^\/v1\/workers\/([^/]+)$/,
      async (_, id) => engine.stop(ModelId.parse(decodeURIComponent(id))),
    ],
    ['POST', /^\/v1\/plan$/, async (request) => engine.plan(await body(request, WorkerRequest))],
    ['GET', /^\/v1\/status$/, async () => (await engine.sweep(), engine.status())],
  ];
  return createServer((request, response) => {
    answer(routes, request)
      .then((value) => send(response, value === undefined ? 204 : 200, value))
      .catch((error: unknown) => {
        const failure = toFailure(error);
        if (failure.status >= 500 && failure.code === 'internal') {
          log.error('a request failed', { path: request.url, cause: describeError(error) });
        }
        const { code, message, hint, status } = failure;
        send(response, status, { error: { code, message, hint } } satisfies ApiError);
      });
  });
}

async function answer(routes: Array<[string, RegExp, Handler]>, request: IncomingMessage): Promise<unknown> {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const here = routes.filter(([, pattern]) => pattern.test(path));
  const route = here.find(([method]) => method === request.method);
  if (route) return route[2](request, route[1].exec(path)?.[1] ?? '');
  throw here.length > 0
    ? new NaniteError('method-not-allowed', `${request.method} is not allowed on ${path}`, { status: 405 })
    : new NaniteError('not-found', `there is no ${path} here`, { status: 404 });
}

async function body<T extends z.ZodType>(request: IncomingMessage, schema: T): Promise<z.output<T>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > mostBody) throw new NaniteError('too-large', 'the request is too large', { status: 413 });
    chunks.push(chunk);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (cause) {
    throw new NaniteError('bad-request', 'the request is no JSON', { status: 400, cause });
  }
  return schema.parse(parsed);
}

function toFailure(error: unknown): NaniteError {
  if (error instanceof NaniteError) return error;
  if (error instanceof z.ZodError) {
    return new NaniteError('bad-request', z.prettifyError(error), { status: 400, cause: error });
  }
  return new NaniteError('internal', describeError(error), { status: 500, cause: error });
}

function send(response: ServerResponse, status: number, value: unknown): void {
  if (response.destroyed) return;
  response.statusCode = status;
  if (value === undefined) return void response.end();
  const text = Buffer.from(JSON.stringify(value));
  response.setHeader('content-type', 'application/json');
  response.setHeader('content-length', text.length);
  response.end(text);
}
