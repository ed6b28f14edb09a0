import {
  Digest,
  OllamaCopyRequest,
  OllamaCreateRequest,
  OllamaDeleteRequest,
  OllamaPullRequest,
  type OllamaProgress,
  type ProgressEvent,
} from '@nanite/contracts';
import { NaniteError, shareDir } from '@nanite/kit';
import type { Context, Handler } from '../context';
import type { Exchange } from '../http/exchange';
import { ollamaName } from '../models/name';
import { askStore, storeFor, storeProblem } from '../models/store';
import { readOllama } from './liberal';

/** @throws NaniteError 400 `invalid-request` */
export function nameIn(request: { model?: string | undefined; name?: string | undefined }): string {
  // Ollama's own client sends both, one of them empty.
  const name = request.model || request.name;
  if (!name) throw new NaniteError('invalid-request', 'model is required', { status: 400 });
  return name;
}

/** What Ollama's clients know of an event. */
const asOllama = ({ status, digest, total, completed }: ProgressEvent): OllamaProgress => ({
  status,
  ...(digest !== undefined && { digest }),
  ...(total !== undefined && { total }),
  ...(completed !== undefined && { completed }),
});

/**
 * Hand the events of a job on as Ollama does: a line of JSON each, or with `stream: false` the last alone.
 *
 * An error before the first event is an answer with its own status; later it is a line with `error`, as in every stream
 * of Ollama's. A client that goes away leaves the job running: others may wait for the same one.
 */
async function relayEvents(
  exchange: Exchange,
  context: Context,
  what: string,
  events: AsyncGenerator<ProgressEvent, void, void>,
  stream: boolean,
): Promise<void> {
  const { res } = exchange;
  let last: ProgressEvent | null = null;
  try {
    for await (const event of events) {
      last = event;
      if (!stream) continue;
      if (!res.headersSent) res.writeHead(200, { 'content-type': 'application/x-ndjson' });
      if (!res.write(`${JSON.stringify(asOllama(event))}\n`) && !exchange.isGone) {
        await new Promise<void>((resolve) => {
          res.once('drain', resolve);
          res.once('close', resolve);
        });
      }
      if (exchange.isGone) return;
    }
  } catch (error) {
    if (exchange.isGone) return;
    throw storeProblem(error, what);
  } finally {
    context.catalogue.forget();
  }
  if (stream) res.end();
  else exchange.json({ status: last?.status ?? 'success' } satisfies OllamaProgress);
}

/** Whether a name means a model that a Debian package brought: apt keeps it up to date. */
async function isPackaged({ catalogue }: Context, name: string): Promise<boolean> {
  const entry = await catalogue.find(ollamaName(name)).catch(() => null);
  return entry !== null && entry.path.startsWith(`${shareDir()}/models/`);
}

/** What Ollama says of a model that is here already. */
function nothingToPull(exchange: Exchange, stream: boolean): void {
  const steps = stream ? ['pulling manifest', 'success'] : ['success'];
  const lines = steps.map((status) => `${JSON.stringify({ status } satisfies OllamaProgress)}\n`).join('');
  exchange.text(lines, stream ? 'application/x-ndjson' : 'application/json; charset=utf-8');
}

/** POST /api/pull */
export const pull: Handler = async (exchange, context) => {
  const { value } = await context.bodies.json(exchange, true);
  const request = readOllama(OllamaPullRequest, value);
  const reference = nameIn(request);
  exchange.model = reference;
  if (await isPackaged(context, reference)) return nothingToPull(exchange, request.stream);
  const events = storeFor(exchange, context).pull({ reference, insecure: request.insecure }, exchange.signal);
  await relayEvents(exchange, context, 'pulling a model', events, request.stream);
};

/** POST /api/create */
export const create: Handler = async (exchange, context) => {
  const { value } = await context.bodies.json(exchange, true);
  if (value['modelfile'] !== undefined || value['path'] !== undefined) {
    throw new NaniteError('invalid-request', 'Modelfiles are no longer accepted here', {
      status: 400,
      hint: 'send from, files, template, system, parameters; or: nanite models create NAME -f Modelfile',
    });
  }
  const { stream, name, model, ...rest } = readOllama(OllamaCreateRequest, value);
  const made = nameIn({ model, name });
  exchange.model = made;
  if (rest.from === undefined && rest.files === undefined) {
    throw new NaniteError('invalid-request', "neither 'from' or 'files' was specified", { status: 400 });
  }
  const events = storeFor(exchange, context).create({ ...rest, model: made }, exchange.signal);
  await relayEvents(exchange, context, 'creating a model', events, stream);
};

/** POST /api/copy: 200 and nothing, as Ollama answers. */
export const copy: Handler = async (exchange, context) => {
  const { value } = await context.bodies.json(exchange, true);
  const request = readOllama(OllamaCopyRequest, value);
  exchange.model = request.source;
  await askStore('copying a model', () => storeFor(exchange, context).copy(request, exchange.signal));
  context.catalogue.forget();
  exchange.res.writeHead(200, { 'content-length': 0 }).end();
};

/** Remove a model of the store, and from memory where it is there. @throws NaniteError as the store says */
export async function removeModel(exchange: Exchange, context: Context, name: string): Promise<void> {
  exchange.model = name;
  const removed = await askStore('deleting a model', () =>
    storeFor(exchange, context).remove(name, exchange.signal),
  );
  void context.broker.unload(removed.model);
  context.catalogue.forget();
}

/** DELETE /api/delete: 200 and nothing, as Ollama answers. */
export const remove: Handler = async (exchange, context) => {
  const { value } = await context.bodies.json(exchange, true);
  await removeModel(exchange, context, nameIn(readOllama(OllamaDeleteRequest, value)));
  exchange.res.writeHead(200, { 'content-length': 0 }).end();
};

/** @throws NaniteError 400 `invalid-request` */
function digestIn(exchange: Exchange): string {
  const text = decodeURIComponent(exchange.path.slice('/api/blobs/'.length)).replace(/^sha256-/, 'sha256:');
  const digest = Digest.safeParse(text);
  if (digest.success) return digest.data;
  throw new NaniteError('invalid-request', `invalid digest: ${digest.error.issues[0]?.message ?? ''}`, {
    status: 400,
  });
}

/** HEAD /api/blobs/{digest}: 200 where the store has it. */
export const hasBlob: Handler = async (exchange, context) => {
  const digest = digestIn(exchange);
  const has = await askStore('uploading a blob', () =>
    storeFor(exchange, context).hasBlob(digest, exchange.signal),
  );
  exchange.res.writeHead(has ? 200 : 404, { 'content-length': 0 }).end();
};

/** POST /api/blobs/{digest}: the bytes go through to the store, which refuses those of another digest. */
export const uploadBlob: Handler = async (exchange, context) => {
  const digest = digestIn(exchange);
  try {
    await askStore('uploading a blob', () =>
      storeFor(exchange, context).uploadBlob(digest, exchange.req, exchange.signal),
    );
  } finally {
    // A store that has the blob, or refuses it, reads no further: clients that listen only when all is sent (httpx) would
    // wait for ever.
    exchange.req.unpipe();
    exchange.req.resume();
  }
  exchange.res.writeHead(201, { 'content-length': 0 }).end();
};
