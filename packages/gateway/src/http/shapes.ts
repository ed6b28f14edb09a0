import type { NaniteError } from '@nanite/kit';
import { ContextOverflow } from './context-overflow';
import { BusyError } from '../memory/busy';

/** How one of the APIs writes an error. */
export interface Shape {
  /** Body of an answer other than 2xx, as JSON. */
  body(error: NaniteError): string;
  /** What a stream that has begun ends with when it fails. */
  streamEnd(error: NaniteError): string;
}

/**
 * The message with what to do about it, for shapes that have no field for a hint.
 *
 * @param overflow how the API itself says that a prompt is too long: its clients look for these words
 */
function sentence(error: NaniteError, overflow: (tokens: number, context: number) => string): string {
  const message =
    error instanceof ContextOverflow ? overflow(error.promptTokens, error.contextTokens) : error.message;
  return error.hint === null ? message : `${message} (${error.hint})`;
}

const inOllamasWords = (tokens: number, context: number) =>
  `the input length exceeds the context length: the prompt has ${tokens} tokens, the context holds ${context}`;
const inOpenAisWords = (tokens: number, context: number) =>
  `This model's maximum context length is ${context} tokens. However, your messages resulted in ${tokens} tokens.`;
const inAnthropicsWords = (tokens: number, context: number) =>
  `prompt is too long: ${tokens} tokens > ${context} maximum`;

/** The codes that OpenAI's clients know by another name than ours. */
const openAiCodes: Record<string, string> = { 'context-overflow': 'context_length_exceeded' };
const openAiParams: Record<string, string> = {
  'model-not-found': 'model',
  'context-overflow': 'messages',
  'previous-response-not-found': 'previous_response_id',
};

function openAiType(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 404) return 'not_found_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}

function openAiBody(error: NaniteError): { error: Record<string, unknown> } {
  return {
    error: {
      message: sentence(error, inOpenAisWords),
      type: openAiType(error.status),
      param: openAiParams[error.code] ?? null,
      code: openAiCodes[error.code] ?? error.code.replaceAll('-', '_'),
    },
  };
}

/** The event that ends a stream of OpenAI's responses API which failed. */
export function responsesError(error: NaniteError, sequenceNumber: number): string {
  const { message, code, param } = openAiBody(error).error;
  const data = { type: 'error', code, message, param, sequence_number: sequenceNumber };
  return `event: error\ndata: ${JSON.stringify(data)}\n\n`;
}

function anthropicType(error: NaniteError): string {
  if (error instanceof BusyError) return 'overloaded_error';
  switch (error.status) {
    case 401:
      return 'authentication_error';
    case 403:
      return 'permission_error';
    case 404:
      return 'not_found_error';
    case 413:
      return 'request_too_large';
    case 503:
    case 507:
      return 'overloaded_error';
    default:
      return error.status >= 500 ? 'api_error' : 'invalid_request_error';
  }
}

const anthropicBody = (error: NaniteError): string =>
  JSON.stringify({
    type: 'error',
    error: { type: anthropicType(error), message: sentence(error, inAnthropicsWords) },
  });

export const shapes = {
  ollama: {
    body: (error) => JSON.stringify({ error: sentence(error, inOllamasWords) }),
    streamEnd: (error) => `${JSON.stringify({ error: sentence(error, inOllamasWords) })}\n`,
  },
  openai: {
    body: (error) => JSON.stringify(openAiBody(error)),
    streamEnd: (error) => `data: ${JSON.stringify(openAiBody(error))}\n\n`,
  },
  /** OpenAI's responses API names every event and repeats the name in its data. */
  responses: {
    body: (error) => JSON.stringify(openAiBody(error)),
    streamEnd: (error) => responsesError(error, 0),
  },
  anthropic: {
    body: anthropicBody,
    streamEnd: (error) => `event: error\ndata: ${anthropicBody(error)}\n\n`,
  },
  nanite: {
    body: (error) =>
      JSON.stringify({ error: { code: error.code, message: error.message, hint: error.hint } }),
    streamEnd: () => '',
  },
} satisfies Record<string, Shape>;

/** The API that a path belongs to, for errors that come before any handler. */
export function shapeOf(path: string, anthropicVersion: boolean): Shape {
  if (path.startsWith('/v1/messages') || (anthropicVersion && path.startsWith('/v1/')))
    return shapes.anthropic;
  if (path === '/v1/responses' || path.startsWith('/v1/responses/')) return shapes.responses;
  if (path.startsWith('/v1/')) return shapes.openai;
  if (path.startsWith('/api/')) return shapes.ollama;
  return shapes.nanite;
}
