import { createServer, type IncomingMessage, type Server } from 'node:http';
import { ModelId, WorkerRequest } from '@nanite/contracts';
import { findRoute, readBody, refuse, sendJson, type Log, type Route } from '@nanite/kit';
import type { Engine } from './workers/engine';

/** Bodies are a model's name and four numbers. */
const mostBytes = 64 * 1024;

/** What an answer is made of; undefined: 204. */
type Handler = (request: IncomingMessage, id: string) => Promise<unknown>;

interface EngineRoute extends Route {
  handler: Handler;
}

/**
 * The engine's API (contracts/src/engine.ts) over plain node:http: five routes to one peer need no framework, and the
 * engine's memory is part of what an idle machine pays.
 */
export function createApi(engine: Engine, log: Log): Server {
  const routes: EngineRoute[] = [
    { method: 'GET', path: /^\/v1\/models$/, handler: async () => ({ models: await engine.models() }) },
    {
      method: 'GET',
      path: /^\/v1\/workers$/,
      handler: async () => (await engine.sweep(), { workers: engine.workers() }),
    },
    {
      method: 'POST',
      path: /^\/v1\/workers$/,
      handler: async (request) => engine.start(await readBody(request, WorkerRequest, mostBytes)),
    },
    {
      method: 'DELETE',
      path: /^\/v1\/workers\/([^/]+)$/,
      handler: async (_, id) => engine.stop(ModelId.parse(id)),
    },
    {
      method: 'POST',
      path: /^\/v1\/plan$/,
      handler: async (request) => engine.plan(await readBody(request, WorkerRequest, mostBytes)),
    },
    {
      method: 'GET',
      path: /^\/v1\/status$/,
      handler: async () => (await engine.sweep(), engine.status()),
    },
  ];
  return createServer((request, response) => {
    answer(routes, request)
      .then((value) => sendJson(response, value === undefined ? 204 : 200, value))
      .catch((error: unknown) => refuse(log, request, response, error));
  });
}

async function answer(routes: readonly EngineRoute[], request: IncomingMessage): Promise<unknown> {
  const { route, subject } = findRoute(routes, request);
  return route.handler(request, subject);
}
