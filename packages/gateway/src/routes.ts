import { messages } from './anthropic/messages';
import { Router } from './http/router';
import { copy, create, hasBlob, pull, remove, uploadBlob } from './ollama/change';
import { chat } from './ollama/chat';
import { embed, embeddings } from './ollama/embed';
import { generate } from './ollama/generate';
import { ps, running, show, tags, version } from './ollama/listing';
import { push } from './ollama/unsupported';
import { rerank } from './rerank/rerank';
import { chatCompletions } from './openai/chat';
import { completions } from './openai/completions';
import { openAiEmbeddings } from './openai/embeddings';
import { health, infill } from './openai/infill';
import { deleteModel, model, models } from './openai/models';
import {
  cancelResponse,
  countInput,
  createResponse,
  deleteResponse,
  readResponse,
} from './openai/responses/responses';
import { defaultModel } from './default-model';
import { openapi, status } from './status';

/** Everything the gateway serves. */
export function routes(): Router {
  return new Router()
    .on('GET', '/', running)
    .on('HEAD', '/', running)
    .on('POST', '/api/generate', generate)
    .on('POST', '/api/chat', chat)
    .on('POST', '/api/embed', embed)
    .on('POST', '/api/embeddings', embeddings)
    .on('POST', '/api/rerank', rerank(true))
    .on('POST', '/api/show', show)
    .on('GET', '/api/tags', tags)
    .on('HEAD', '/api/tags', tags)
    .on('GET', '/api/ps', ps)
    .on('GET', '/api/version', version)
    .on('HEAD', '/api/version', version)
    .on('POST', '/api/pull', pull)
    .on('POST', '/api/push', push)
    .on('POST', '/api/create', create)
    .on('POST', '/api/copy', copy)
    .on('DELETE', '/api/delete', remove)
    .on('HEAD', '/api/blobs/*', hasBlob)
    .on('POST', '/api/blobs/*', uploadBlob)
    .on('GET', '/v1/models', models)
    .on('GET', '/v1/models/*', model)
    .on('DELETE', '/v1/models/*', deleteModel)
    .on('POST', '/v1/chat/completions', chatCompletions)
    .on('POST', '/v1/completions', completions)
    .on('POST', '/v1/responses', createResponse)
    .on('POST', '/v1/responses/input_tokens', countInput)
    .on('POST', '/v1/responses/*', cancelResponse)
    .on('GET', '/v1/responses/*', readResponse)
    .on('DELETE', '/v1/responses/*', deleteResponse)
    .on('POST', '/v1/embeddings', openAiEmbeddings)
    .on('POST', '/v1/rerank', rerank(false))
    .on('POST', '/v1/messages', messages(true))
    .on('POST', '/v1/messages/count_tokens', messages(false))
    .on('POST', '/infill', infill)
    .on('GET', '/health', health)
    .on('GET', '/nanite/v1/status', status)
    .on('GET', '/nanite/v1/default-model', defaultModel)
    .on('GET', '/openapi.json', openapi);
}
