import {
  AnthropicError,
  AnthropicMessagesRequest,
  ApiError,
  DefaultModel,
  GatewayStatus,
  InfillRequest,
  OllamaChatRequest,
  OllamaChatResponse,
  OllamaCopyRequest,
  OllamaCreateRequest,
  OllamaDeleteRequest,
  OllamaEmbedRequest,
  OllamaEmbedResponse,
  OllamaEmbeddingsRequest,
  OllamaEmbeddingsResponse,
  OllamaError,
  OllamaGenerateRequest,
  OllamaGenerateResponse,
  OllamaProgress,
  OllamaPs,
  OllamaPullRequest,
  OllamaShowRequest,
  OllamaShowResponse,
  OllamaTags,
  OllamaVersion,
  OpenAiChatRequest,
  OpenAiCompletionRequest,
  OpenAiEmbeddingRequest,
  OpenAiError,
  OpenAiModel,
  OpenAiModelDeleted,
  OpenAiModelList,
  RerankRequest,
  RerankResponse,
  ResponsesAnswer,
  ResponsesRequest,
} from '@nanite/contracts';
import { z } from 'zod';

interface Operation {
  method: 'get' | 'post' | 'delete';
  path: string;
  summary: string;
  body?: z.ZodType;
  answer?: z.ZodType;
  error: z.ZodType;
  /** Media type of the answer when `stream` is on. */
  streams?: 'application/x-ndjson' | 'text/event-stream';
}

const ollama = { error: OllamaError };
const openai = { error: OpenAiError };
const lines = { streams: 'application/x-ndjson' } as const;
const events = { streams: 'text/event-stream' } as const;

const operations: Operation[] = [
  {
    ...ollama,
    ...lines,
    method: 'post',
    path: '/api/generate',
    summary: 'Complete a prompt',
    body: OllamaGenerateRequest,
    answer: OllamaGenerateResponse,
  },
  {
    ...ollama,
    ...lines,
    method: 'post',
    path: '/api/chat',
    summary: 'Answer a conversation',
    body: OllamaChatRequest,
    answer: OllamaChatResponse,
  },
  {
    ...ollama,
    method: 'post',
    path: '/api/embed',
    summary: 'Embed texts',
    body: OllamaEmbedRequest,
    answer: OllamaEmbedResponse,
  },
  {
    ...ollama,
    method: 'post',
    path: '/api/embeddings',
    summary: 'Embed one text (older form)',
    body: OllamaEmbeddingsRequest,
    answer: OllamaEmbeddingsResponse,
  },
  {
    ...ollama,
    method: 'post',
    path: '/api/show',
    summary: 'Describe a model',
    body: OllamaShowRequest,
    answer: OllamaShowResponse,
  },
  { ...ollama, method: 'get', path: '/api/tags', summary: 'List models', answer: OllamaTags },
  { ...ollama, method: 'get', path: '/api/ps', summary: 'List models in memory', answer: OllamaPs },
  { ...ollama, method: 'get', path: '/api/version', summary: 'Version of the API', answer: OllamaVersion },
  {
    ...ollama,
    ...lines,
    method: 'post',
    path: '/api/pull',
    summary: 'Get a model (501 where nanite-models is not installed, as the next four)',
    body: OllamaPullRequest,
    answer: OllamaProgress,
  },
  {
    ...ollama,
    ...lines,
    method: 'post',
    path: '/api/create',
    summary: 'Make a model from another, or from uploaded files',
    body: OllamaCreateRequest,
    answer: OllamaProgress,
  },
  {
    ...ollama,
    method: 'post',
    path: '/api/copy',
    summary: 'Give a model a second name',
    body: OllamaCopyRequest,
  },
  {
    ...ollama,
    method: 'delete',
    path: '/api/delete',
    summary: 'Remove a model',
    body: OllamaDeleteRequest,
  },
  {
    ...ollama,
    method: 'post',
    path: '/api/blobs/{digest}',
    summary: 'Upload a file; HEAD asks whether it is there',
  },
  { ...ollama, method: 'post', path: '/api/push', summary: 'Always 501: nothing is pushed from here' },
  { ...openai, method: 'get', path: '/v1/models', summary: 'List models', answer: OpenAiModelList },
  { ...openai, method: 'get', path: '/v1/models/{model}', summary: 'Describe a model', answer: OpenAiModel },
  {
    ...openai,
    method: 'delete',
    path: '/v1/models/{model}',
    summary: 'Remove a model',
    answer: OpenAiModelDeleted,
  },
  {
    ...openai,
    ...events,
    method: 'post',
    path: '/v1/chat/completions',
    summary: 'As OpenAI describes it, answered by llama-server',
    body: OpenAiChatRequest,
  },
  {
    ...openai,
    ...events,
    method: 'post',
    path: '/v1/completions',
    summary: 'As OpenAI describes it; with a suffix, what stands between two texts',
    body: OpenAiCompletionRequest,
  },
  {
    ...openai,
    ...events,
    method: 'post',
    path: '/v1/responses',
    summary: 'As OpenAI describes it; responses are kept in memory for the user who asked',
    body: ResponsesRequest,
    answer: ResponsesAnswer,
  },
  {
    ...openai,
    method: 'get',
    path: '/v1/responses/{id}',
    summary: 'A response that is kept; with /input_items, what was sent with it',
    answer: ResponsesAnswer,
  },
  { ...openai, method: 'delete', path: '/v1/responses/{id}', summary: 'Forget a response' },
  {
    ...openai,
    method: 'post',
    path: '/v1/responses/input_tokens',
    summary: 'Count the tokens of a request',
    body: ResponsesRequest,
  },
  {
    ...openai,
    method: 'post',
    path: '/v1/embeddings',
    summary: 'As OpenAI describes it, answered by the worker',
    body: OpenAiEmbeddingRequest,
  },
  {
    ...openai,
    method: 'post',
    path: '/infill',
    summary: 'As llama-server describes it, for editors: what stands between two texts',
    body: InfillRequest,
  },
  ...(
    [
      ['/v1/rerank', openai],
      ['/api/rerank', ollama],
    ] as const
  ).map(([path, error]): Operation => ({
    ...error,
    method: 'post',
    path,
    summary: 'Texts in the order in which they answer a query, as Jina, Cohere and vLLM describe it',
    body: RerankRequest,
    answer: RerankResponse,
  })),
  {
    ...events,
    method: 'post',
    path: '/v1/messages',
    summary: 'As Anthropic describes it, answered by llama-server',
    body: AnthropicMessagesRequest,
    error: AnthropicError,
  },
  {
    method: 'post',
    path: '/v1/messages/count_tokens',
    summary: 'As Anthropic describes it',
    body: AnthropicMessagesRequest,
    error: AnthropicError,
  },
  {
    method: 'get',
    path: '/nanite/v1/status',
    summary: 'State of the gateway, its models and backends, and who you are',
    answer: GatewayStatus,
    error: ApiError,
  },
  {
    method: 'get',
    path: '/nanite/v1/default-model',
    summary: 'The model that answers when none is named, and why',
    answer: DefaultModel,
    error: ApiError,
  },
];

const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): unknown => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
};

const json = (schema: z.ZodType, io: 'input' | 'output') => ({
  'application/json': { schema: schemaOf(schema, io) },
});

function describe(operation: Operation): Record<string, unknown> {
  const { path, summary, body, answer, error, streams } = operation;
  const content = {
    ...(answer === undefined ? { 'application/json': {} } : json(answer, 'output')),
    ...(streams !== undefined && {
      [streams]: answer === undefined ? {} : { schema: schemaOf(answer, 'output') },
    }),
  };
  return {
    summary,
    ...(path.includes('{') && {
      parameters: [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
        ...{ name, in: 'path', required: true },
        schema: { type: 'string' },
      })),
    }),
    ...(body !== undefined && { requestBody: { required: true, content: json(body, 'input') } }),
    responses: {
      200: { description: 'The answer', content },
      default: { description: 'What went wrong', content: json(error, 'output') },
    },
  };
}

/** The OpenAPI 3.1 document of everything that the gateway serves, made from the schemas in contracts. */
export function openApiDocument(version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    (paths[operation.path] ??= {})[operation.method] = describe(operation);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Nanite gateway',
      version,
      description: 'Ollama’s, OpenAI’s and Anthropic’s APIs for the models of this machine. See docs/api.md.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: 'http://localhost:11434' }],
    paths,
  };
}
