import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  WorkerEmbeddingsRequest,
  WorkerRerankRequest,
  type WorkerEmbeddings,
  type WorkerRerank,
} from '@nanite/contracts';
import { describeError, failureOf, NaniteError, readBody, sendJson, type Log } from '@nanite/kit';
import { z } from 'zod';
import { TooManyTokens } from './tokens';

/** What the API needs of a model; tests give a fake. A route is there where the model has what it needs. */
export interface OnnxModel {
  tokenize(text: string, special: boolean): number[];
  detokenize(ids: number[]): string;
  embed?(
    inputs: ReadonlyArray<string | readonly number[]>,
    truncate: boolean,
    goesOn: () => boolean,
  ): Promise<{ vectors: Float32Array[]; tokens: number }>;
  judge?(
    query: string,
    documents: readonly string[],
    truncate: boolean,
    goesOn: () => boolean,
  ): Promise<{ logits: number[]; tokens: number }>;
}

/** Texts to embed may be long: a book is a few MB. */
const mostBody = 32 * 2 ** 20;

const Tokenize = z.object({ content: z.string(), add_special: z.boolean().default(false) });
const Detokenize = z.object({ tokens: z.array(z.number().int()) });

type Route = (request: IncomingMessage, response: ServerResponse) => Promise<unknown>;

function embeddings(embed: NonNullable<OnnxModel['embed']>, name: string): Route {
  return async (request, response) => {
    const body = await readBody(request, WorkerEmbeddingsRequest, mostBody);
    const { vectors, tokens } = await embed(
      listed(body.input),
      body.truncate ?? false,
      () => !response.destroyed,
    );
    const base64 = body.encoding_format === 'base64';
    return {
      object: 'list',
      model: body.model ?? name,
      data: vectors.map((vector, index) => ({
        object: 'embedding',
        index,
        embedding: base64 ? asBase64(vector) : Array.from(vector),
      })),
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    } satisfies Omit<WorkerEmbeddings, 'data'> & { data: unknown[] };
  };
}

function rerank(judge: NonNullable<OnnxModel['judge']>, name: string): Route {
  return async (request, response) => {
    const body = await readBody(request, WorkerRerankRequest, mostBody);
    const { logits, tokens } = await judge(
      body.query,
      body.documents,
      body.truncate ?? false,
      () => !response.destroyed,
    );
    return {
      object: 'list',
      model: body.model ?? name,
      results: logits
        .map((relevance_score, index) => ({ index, relevance_score }))
        .sort((a, b) => b.relevance_score - a.relevance_score),
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    } satisfies WorkerRerank;
  };
}

/**
 * The part of llama-server's HTTP API that embeddings and reranking need, in its shapes, so that the gateway speaks to both
 * kinds of worker alike: GET /health, /props, /v1/models; POST /v1/embeddings, /v1/rerank, /tokenize, /detokenize.
 */
export function createOnnxApi(model: OnnxModel, name: string, context: number, log: Log): Server {
  const handlers: Record<string, Route | undefined> = {
    'GET /health': async () => ({ status: 'ok' }),
    'GET /props': async () => ({
      model_alias: name,
      total_slots: 1,
      default_generation_settings: { n_ctx: context },
    }),
    'GET /v1/models': async () => ({
      object: 'list',
      data: [{ id: name, object: 'model', owned_by: 'nanite' }],
    }),
    'POST /v1/embeddings': model.embed && embeddings(model.embed, name),
    'POST /v1/rerank': model.judge && rerank(model.judge, name),
    'POST /tokenize': async (request) => {
      const { content, add_special } = await readBody(request, Tokenize, mostBody);
      return { tokens: model.tokenize(content, add_special) };
    },
    'POST /detokenize': async (request) => ({
      content: model.detokenize((await readBody(request, Detokenize, mostBody)).tokens),
    }),
  };
  return createServer((request, response) => {
    const handler = handlers[`${request.method} ${(request.url ?? '/').split('?')[0]}`];
    const work = handler
      ? handler(request, response)
      : Promise.reject(new NaniteError('not-found', 'this model does not do this', { status: 404 }));
    work
      .then((value) => sendJson(response, 200, value))
      .catch((error: unknown) => {
        const { status, body } = errorBody(error);
        if (status === 500) log.error('a request failed', { cause: describeError(error) });
        sendJson(response, status, body);
      });
  });
}

function listed(
  input: z.infer<typeof WorkerEmbeddingsRequest>['input'],
): ReadonlyArray<string | readonly number[]> {
  if (typeof input === 'string') return [input];
  return isIds(input) ? [input] : input;
}

const isIds = (input: readonly unknown[]): input is number[] => typeof input[0] === 'number';

/** As llama-server writes errors. */
function errorBody(error: unknown): { status: number; body: unknown } {
  if (error instanceof TooManyTokens) {
    const { message, tokens, context } = error;
    const type = 'exceed_context_size_error';
    return {
      status: 400,
      body: { error: { code: 400, message, type, n_prompt_tokens: tokens, n_ctx: context } },
    };
  }
  const { status, message } = failureOf(error);
  const type = status === 500 ? 'server_error' : status === 404 ? 'not_found_error' : 'invalid_request_error';
  return { status, body: { error: { code: status, message, type } } };
}

function asBase64(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
}
