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
  listCollections,
  oneCollection,
  status,
  type Service,
} from './service';

interface Call {
  request: IncomingMessage;
  response: ServerResponse;
  /** The variable part of the path, decoded. */
  subject: string;
  /** Aborted when whoever asked is gone. */
  signal: AbortSignal;
}

/** What the answer is made of; undefined: it has been answered. */
type Handler = (service: Service, call: Call) => Promise<unknown>;

interface ServiceRoute extends Route {
  handler: Handler;
}

/** A question and its filter are the most that anyone sends. */
const mostBytes = 1024 * 1024;

const routes: ServiceRoute[] = [
  { method: 'GET', path: /^\/v1\/status$/, handler: (service) => status(service) },
  {
    method: 'GET',
    path: /^\/v1\/collections$/,
    handler: async (service) => ({ collections: await listCollections(service) }),
  },
  {
    method: 'GET',
    path: /^\/v1\/collections\/([^/]+)$/,
    handler: (service, { subject }) => oneCollection(service, subject),
  },
  { method: 'PUT', path: /^\/v1\/collections\/([^/]+)$/, handler: putCollection },
  { method: 'DELETE', path: /^\/v1\/collections\/([^/]+)$/, handler: removeCollection },
  { method: 'POST', path: /^\/v1\/collections\/([^/]+)\/scan$/, handler: scanCollection },
  { method: 'GET', path: /^\/v1\/collections\/([^/]+)\/export$/, handler: exportOne },
  { method: 'POST', path: /^\/v1\/import$/, handler: importOne },
  {
    method: 'GET',
    path: /^\/v1\/collections\/([^/]+)\/aside$/,
    handler: (service, { subject }) => filesAside(service, subject),
  },
  {
    method: 'POST',
    path: /^\/v1\/search$/,
    handler: async ({ answering }, { request, signal }) =>
      answering.search(await readBody(request, SearchRequest, mostBytes), signal),
  },
  { method: 'POST', path: /^\/v1\/ask$/, handler: ask },
  {
    method: 'GET',
    path: /^\/v1\/passages\/(\d{1,15})$/,
    handler: ({ answering }, { subject }) => answering.passage(Number(subject)),
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
  // The socket's mode keeps others out already; a mode can be changed by accident.
  const peer = unixPeer(descriptorOf(request.socket));
  if (peer?.uid !== service.owner) {
    throw new NaniteError('not-yours', 'these are the files of somebody else', { status: 403 });
  }
  const { route, subject } = findRoute(routes, request);
  const value = await route.handler(service, { request, response, subject, signal });
  if (value !== undefined) sendJson(response, 200, value);
}

async function putCollection(service: Service, { request, subject }: Call): Promise<unknown> {
  const name = CollectionName.parse(subject);
  await service.collections.put(name, await readBody(request, CollectionRequest, mostBytes));
  await collectionsChanged(service);
  return oneCollection(service, name);
}

async function removeCollection(service: Service, { subject, response }: Call): Promise<void> {
  await service.collections.remove(subject);
  await collectionsChanged(service);
  service.indexer.wakeVectors();
  response.writeHead(204).end();
}

async function scanCollection(service: Service, { subject }: Call): Promise<unknown> {
  const { id } = await service.collections.find(subject);
  service.indexer.rescan(id);
  return oneCollection(service, subject);
}

async function exportOne(service: Service, { subject, response, signal }: Call): Promise<void> {
  const { database, collections, answering } = service;
  const collection = await collections.find(subject);
  for await (const line of exportCollection(database, collection, answering.embeddingModel)) {
    await writeLine(response, line);
    if (signal.aborted) return;
  }
  response.end();
}

async function importOne(service: Service, { request }: Call): Promise<unknown> {
  const { database, collections, answering } = service;
  const { name, ...done } = await importCollection(request, database, collections, answering.embeddingModel);
  await collectionsChanged(service);
  return { collection: await oneCollection(service, name), ...done };
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
async function ask({ answering, log }: Service, { request, response, signal }: Call): Promise<void> {
  const question = await readBody(request, KnowledgeQuestion, mostBytes);
  const write = (event: KnowledgeEvent) => writeLine(response, event);
  try {
    for await (const event of answering.ask(question, signal)) await write(event);
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
