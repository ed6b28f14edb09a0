import { AnthropicRequest, OpenAiRequest } from '@nanite/contracts';
import { Router } from './http/router';
import { copy, create, hasBlob, pull, remove, uploadBlob } from './ollama/change';
import { chat } from './ollama/chat';
import { embed, embeddings } from './ollama/embed';
import { generate } from './ollama/generate';
import { ps, running, show, tags, version } from './ollama/listing';
import { push } from './ollama/unsupported';
import { rerank } from './rerank/rerank';
import { deleteModel, model, models } from './openai/models';
import { passThrough } from './openai/pass-through';
import { openapi, status } from './status';

/** Everything the gateway serves. */
export function routes(): Router {
  const chats = ['chat'] as const;
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
    .on('POST', '/v1/chat/completions', passThrough(OpenAiRequest, chats, true))
    .on('POST', '/v1/completions', passThrough(OpenAiRequest, ['completion', 'chat'], true))
    .on('POST', '/v1/responses', passThrough(OpenAiRequest, chats, true))
    .on('POST', '/v1/embeddings', passThrough(OpenAiRequest, ['embedding'], false))
    .on('POST', '/v1/rerank', rerank(false))
    .on('POST', '/v1/messages', passThrough(AnthropicRequest, chats, true))
    .on('POST', '/v1/messages/count_tokens', passThrough(AnthropicRequest, chats, false))
    .on('GET', '/nanite/v1/status', status)
    .on('GET', '/openapi.json', openapi);
}
