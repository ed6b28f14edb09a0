import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  CollectionName,
  CollectionRequest,
  KnowledgeQuestion,
  SearchRequest,
  type KnowledgeEvent,
} from '@nanite/contracts';
import {
  describeError,
  descriptorOf,
  findRoute,
  NaniteError,
  readBody,
  refuse,
  sendJson,
  unixPeer,
  type Route,
} from '@nanite/kit';
import { exportCollection, importCollection } from '../exchange';
import {
  collectionsChanged,
  filesAside,
  findCollection,
  listCollections,
  oneCollection,
} from './collections';
import type { Service } from './service';
import { status } from './status';
import type { Visitor } from './view';

interface Call {
  request: IncomingMessage;
  response: ServerResponse;
  /** The variable part of the path, decoded. */
  subject: string;
  visitor: Visitor;
  /** Aborted when whoever asked is gone. */
  signal: AbortSignal;
}

/** What the answer is made of; undefined: it has been answered. */
type Handler = (service: Service, call: Call) => Promise<unknown>;

interface ServiceRoute extends Route {
  handler: Handler;
  /** Only for who may say what is indexed. */
  changes?: true;
}

/** A question and its filter are the most that anyone sends. */
const mostBytes = 1024 * 1024;

const routes: ServiceRoute[] = [
  { method: 'GET', path: /^\/v1\/status$/, handler: (service, { visitor }) => status(service, visitor.view) },
  {
    method: 'GET',
    path: /^\/v1\/collections$/,
    handler: async (service, { visitor }) => ({ collections: await listCollections(service, visitor.view) }),
  },
  {
    method: 'GET',
    path: /^\/v1\/collections\/([^/]+)$/,
    handler: (service, { visitor, subject }) => oneCollection(service, visitor.view, subject),
  },
  { method: 'PUT', path: /^\/v1\/collections\/([^/]+)$/, handler: putCollection, changes: true },
  { method: 'DELETE', path: /^\/v1\/collections\/([^/]+)$/, handler: removeCollection, changes: true },
  { method: 'POST', path: /^\/v1\/collections\/([^/]+)\/scan$/, handler: scanCollection, changes: true },
  { method: 'GET', path: /^\/v1\/collections\/([^/]+)\/export$/, handler: exportOne, changes: true },
  { method: 'POST', path: /^\/v1\/import$/, handler: importOne, changes: true },
  {
    method: 'GET',
    path: /^\/v1\/collections\/([^/]+)\/aside$/,
    handler: (service, { visitor, subject }) => filesAside(service, visitor.view, subject),
  },
  {
    method: 'POST',
    path: /^\/v1\/search$/,
    handler: async ({ answering }, { request, visitor, signal }) =>
      answering.search(await readBody(request, SearchRequest, mostBytes), visitor.view, signal),
  },
  { method: 'POST', path: /^\/v1\/ask$/, handler: ask },
  {
    method: 'GET',
    path: /^\/v1\/passages\/(\d{1,15})$/,
    handler: ({ answering }, { subject, visitor }) => answering.passage(Number(subject), visitor.view),
  },
];

/** nanite-rag's API: docs in packages/contracts/src/knowledge. */
export function createApi(service: Service): Server {
  // Node looks for slow requests every half a minute; here only its owner could be slow, and it would wake the processor.
  return createServer({ connectionsCheckingInterval: 3_600_000 }, (request, response) => {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    answer(service, request, response, gone.signal).catch((error: unknown) => {
      if (!gone.signal.aborted) refuse(service.log, request, response, error);
    });
  });
}

async function answer(
  service: Service,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const visitor = service.door.admit(unixPeer(descriptorOf(request.socket)));
  try {
    const { route, subject } = findRoute(routes, request);
    if (route.changes) await visitor.allowChange();
    const value = await route.handler(service, { request, response, subject, visitor, signal });
    if (value !== undefined) sendJson(response, 200, value);
  } finally {
    visitor.leave();
  }
}

async function putCollection(service: Service, { request, subject, visitor }: Call): Promise<unknown> {
  const name = CollectionName.parse(subject);
  await service.collections.put(name, await readBody(request, CollectionRequest, mostBytes));
  await collectionsChanged(service);
  return oneCollection(service, visitor.view, name);
}

async function removeCollection(service: Service, { subject, response }: Call): Promise<void> {
  await service.collections.remove(subject);
  await collectionsChanged(service);
  service.indexer.wakeVectors();
  response.writeHead(204).end();
}

async function scanCollection(service: Service, { subject, visitor }: Call): Promise<unknown> {
  const { id } = await findCollection(service, visitor.view, subject);
  service.indexer.rescan(id);
  return oneCollection(service, visitor.view, subject);
}

async function exportOne(service: Service, { subject, response, visitor, signal }: Call): Promise<void> {
  const { database, answering } = service;
  const collection = await findCollection(service, visitor.view, subject);
  const files = await visitor.view.files();
  for await (const line of exportCollection(database, collection, answering.embeddingModel, files)) {
    await writeLine(response, line);
    if (signal.aborted) return;
  }
  response.end();
}

async function importOne(service: Service, { request, visitor }: Call): Promise<unknown> {
  const { database, collections, answering } = service;
  const { name, ...done } = await importCollection(request, database, collections, answering.embeddingModel);
  await collectionsChanged(service);
  return { collection: await oneCollection(service, visitor.view, name), ...done };
}

/** One line of JSON, as soon as whoever reads them takes it. */
async function writeLine(response: ServerResponse, value: unknown): Promise<void> {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  if (response.write(`${JSON.stringify(value)}\n`)) return;
  await new Promise<void>((resolve) => {
    response.once('drain', resolve);
    response.once('close', resolve);
  });
}

/** The events as lines of JSON; what goes wrong after the first is one of them. */
async function ask({ answering, log }: Service, { request, response, visitor, signal }: Call): Promise<void> {
  const question = await readBody(request, KnowledgeQuestion, mostBytes);
  const write = (event: KnowledgeEvent) => writeLine(response, event);
  try {
    for await (const event of answering.ask(question, visitor.view, signal)) await write(event);
  } catch (error) {
    if (signal.aborted) return;
    if (!response.headersSent) throw error;
    const known = error instanceof NaniteError ? error : null;
    if (known === null) log.error('an answer broke off', { cause: describeError(error) });
    const code = known?.code ?? 'internal';
    await write({ event: 'error', code, message: describeError(error), hint: known?.hint ?? null });
  }
  response.end();
}
