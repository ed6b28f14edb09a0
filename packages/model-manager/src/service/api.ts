import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { actingForHeader } from '@nanite/contracts';
import { descriptorOf, findRoute, NaniteError, refuse, sendJson, unixPeer, type Route } from '@nanite/kit';
import { z } from 'zod';
import type { Person } from './authority';
import * as handle from './handlers';
import type { Handler } from './handlers';
import type { Service } from './parts';

interface StoreRoute extends Route {
  handler: Handler;
  /** Whether it needs the right to change the store. */
  changes: boolean;
}

const read = (method: string, path: RegExp, handler: Handler): StoreRoute => ({
  method,
  path,
  handler,
  changes: false,
});
const change = (method: string, path: RegExp, handler: Handler): StoreRoute => ({
  method,
  path,
  handler,
  changes: true,
});

const routes: StoreRoute[] = [
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

/** Answers requests of the model store's API (contracts/src/model-store/api.ts). */
export function answerWith(service: Service): RequestListener {
  return (request, response) => {
    answer(service, request, response).catch((error: unknown) => {
      const { code, message } = refuse(service.log, request, response, error);
      if (code === 'not-authorised') service.log.warning('refused', { path: request.url, why: message });
    });
  };
}

async function answer(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { route, subject } = findRoute(routes, request);
  const person = await whoAsks(service, request);
  if (route.changes) await service.authority.allowChange(person);
  const value = await route.handler(service, { request, response, subject, person });
  if (value !== undefined) sendJson(response, 200, value);
}

/** @throws NaniteError `unknown-peer` 403 */
async function whoAsks({ authority }: Service, request: IncomingMessage): Promise<Person> {
  const peer = unixPeer(descriptorOf(request.socket));
  if (peer === null) {
    throw new NaniteError('unknown-peer', 'the kernel does not tell who you are', { status: 403 });
  }
  const named = request.headers[actingForHeader];
  if (named === undefined) return { uid: peer.uid, pid: peer.pid > 0 ? peer.pid : null, through: null };
  const uid = z.coerce.number().int().nonnegative().parse(named);
  if (!(await authority.maySpeakForOthers(peer.uid))) {
    throw new NaniteError('not-authorised', `user ${peer.uid} is not allowed to act for others`, {
      status: 403,
    });
  }
  return { uid, pid: null, through: peer.uid };
}
