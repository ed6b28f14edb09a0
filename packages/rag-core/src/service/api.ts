import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  CollectionName,
  CollectionRequest,
  KnowledgeQuestion,
  SearchRequest,
  type ApiError,
  type KnowledgeEvent,
} from '@nanite/contracts';
import { describeError, descriptorOf, NaniteError, unixPeer } from '@nanite/kit';
import { z } from 'zod';
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

interface Route {
  method: string;
  path: RegExp;
  handler: Handler;
}

/** A question and its filter are the most that anyone sends. */
const mostBytes = 1024 * 1024;

const routes: Route[] = [
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
      answering.search(await readBody(request, SearchRequest), signal),
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
      if (!gone.signal.aborted) refuse(service, request, response, error);
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
  const path = (request.url ?? '/').split('?')[0]!;
  const matching = routes.filter((route) => route.path.test(path));
  const route = matching.find(({ method }) => method === request.method);
  if (route === undefined) {
    throw matching.length > 0
      ? new NaniteError('method-not-allowed', `${request.method} is not allowed on ${path}`, { status: 405 })
      : new NaniteError('not-found', `there is no ${path} here`, { status: 404 });
  }
  const subject = decoded(route.path.exec(path)?.[1] ?? '');
  const value = await route.handler(service, { request, response, subject, signal });
  if (value !== undefined) send(response, 200, value);
}

async function putCollection(service: Service, { request, subject }: Call): Promise<unknown> {
  const name = CollectionName.parse(subject);
  await service.collections.put(name, await readBody(request, CollectionRequest));
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
  const question = await readBody(request, KnowledgeQuestion);
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

/** @throws NaniteError `too-large` 413, `bad-request` 400; ZodError */
async function readBody<T extends z.ZodType>(request: IncomingMessage, schema: T): Promise<z.output<T>> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > mostBytes) throw new NaniteError('too-large', 'the request is too large', { status: 413 });
    parts.push(part);
  }
  const text = Buffer.concat(parts).toString('utf8');
  try {
    return schema.parse(text === '' ? {} : JSON.parse(text));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new NaniteError('bad-request', 'the request is no JSON', { status: 400, cause });
  }
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
  // Paths of the API, and no word of what was asked: the journal is not the place for it.
  if (failure.code === 'internal') {
    log.error('a request failed', { path: request.url, cause: describeError(error) });
  }
  if (response.headersSent) return void response.destroy();
  const { code, message, hint, status: number } = failure;
  // A large body that nobody reads: end the connection with the answer.
  if (!request.complete) response.setHeader('connection', 'close');
  send(response, number, { error: { code, message, hint } } satisfies ApiError);
}

function send(response: ServerResponse, number: number, value: unknown): void {
  if (response.destroyed) return;
  const text = Buffer.from(JSON.stringify(value));
  response.writeHead(number, { 'content-type': 'application/json', 'content-length': text.length });
  response.end(text);
}
