import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { actingForHeader, type ApiError } from '@nanite/contracts';
import { describeError, descriptorOf, NaniteError, unixPeer } from '@nanite/kit';
import { z } from 'zod';
import type { Person } from './authority';
import * as handle from './handlers';
import type { Handler } from './handlers';
import type { Service } from './parts';

interface Route {
  method: string;
  path: RegExp;
  handler: Handler;
  /** Whether it needs the right to change the store. */
  changes: boolean;
}

const read = (method: string, path: RegExp, handler: Handler): Route => ({
  method,
  path,
  handler,
  changes: false,
});
const change = (method: string, path: RegExp, handler: Handler): Route => ({
  method,
  path,
  handler,
  changes: true,
});

const routes: Route[] = [
  read('GET', /^\/v1\/models$/, handle.listModels),
  read('GET', /^\/v1\/models\/([^/]+)$/, handle.showModel),
  change('DELETE', /^\/v1\/models\/([^/]+)$/, handle.removeModel),
  change('POST', /^\/v1\/pull$/, handle.pull),
  change('POST', /^\/v1\/create$/, handle.create),
  change('POST', /^\/v1\/copy$/, handle.copy),
  read('POST', /^\/v1\/modelfile$/, handle.parseModelfile),
  read('HEAD', /^\/v1\/blobs\/([^/]+)$/, handle.hasBlob),
  change('POST', /^\/v1\/blobs\/([^/]+)$/, handle.uploadBlob),
  read('GET', /^\/v1\/jobs$/, handle.listJobs),
  read('GET', /^\/v1\/jobs\/([^/]+)$/, handle.followJob),
  change('POST', /^\/v1\/jobs\/([^/]+)$/, handle.controlJob),
  change('POST', /^\/v1\/verify$/, handle.verify),
  change('POST', /^\/v1\/gc$/, handle.collectGarbage),
  read('GET', /^\/v1\/du$/, handle.diskUsage),
  change('POST', /^\/v1\/pin$/, handle.pin),
  read('POST', /^\/v1\/fit$/, handle.fit),
  read('GET', /^\/v1\/updates$/, handle.updates),
  change('POST', /^\/v1\/updates$/, handle.update),
  change('POST', /^\/v1\/import$/, handle.importModels),
  change('POST', /^\/v1\/export$/, handle.exportModels),
];

/** The model store's API (contracts/src/model-store/api.ts). */
export function createApi(service: Service): Server {
  return createServer({ requestTimeout: 0 }, (request, response) => {
    answer(service, request, response).catch((error: unknown) => refuse(service, request, response, error));
  });
}

async function answer(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const here = routes.filter((route) => route.path.test(path));
  const route = here.find(({ method }) => method === request.method);
  if (route === undefined) {
    throw here.length > 0
      ? new NaniteError('method-not-allowed', `${request.method} is not allowed on ${path}`, { status: 405 })
      : new NaniteError('not-found', `there is no ${path} here`, { status: 404 });
  }
  const person = await whoAsks(service, request);
  if (route.changes) await service.authority.allowChange(person);
  const subject = decoded(route.path.exec(path)?.[1] ?? '');
  const value = await route.handler(service, { request, response, subject, person });
  if (value !== undefined) send(response, 200, value);
}

/** @throws NaniteError `unknown-peer` 403 */
async function whoAsks({ authority }: Service, request: IncomingMessage): Promise<Person> {
  const peer = unixPeer(descriptorOf(request.socket));
  if (peer === null) {
    throw new NaniteError('unknown-peer', 'the kernel does not say who you are', { status: 403 });
  }
  const named = request.headers[actingForHeader];
  if (named === undefined) return { uid: peer.uid, pid: peer.pid > 0 ? peer.pid : null, through: null };
  const uid = z.coerce.number().int().nonnegative().parse(named);
  if (!(await authority.maySpeakForOthers(peer.uid))) {
    throw new NaniteError('not-authorised', `user ${peer.uid} may not act for others`, { status: 403 });
  }
  return { uid, pid: null, through: peer.uid };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new NaniteError('bad-request', 'the path is not percent-encoded', { status: 400, cause });
  }
}

function refuse({ log }: Service, request: IncomingMessage, response: ServerResponse, error: unknown): void {
  const failure =
    error instanceof NaniteError
      ? error
      : error instanceof z.ZodError
        ? new NaniteError('bad-request', z.prettifyError(error), { status: 400, cause: error })
        : new NaniteError('internal', describeError(error), { status: 500, cause: error });
  if (failure.code === 'internal') {
    log.error('a request failed', { path: request.url, cause: describeError(error) });
  }
  if (failure.code === 'not-authorised') log.warning('refused', { path: request.url, why: failure.message });
  if (response.headersSent) return void response.destroy();
  const { code, message, hint, status } = failure;
  // A large body that nobody reads: end the connection with the answer.
  if (!request.complete) response.setHeader('connection', 'close');
  send(response, status, { error: { code, message, hint } } satisfies ApiError);
}

function send(response: ServerResponse, status: number, value: unknown): void {
  if (response.destroyed) return;
  const text = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': text.length });
  response.end(response.req.method === 'HEAD' ? undefined : text);
}
