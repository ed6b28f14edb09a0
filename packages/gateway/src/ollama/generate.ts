import { OllamaGenerateRequest, type ModelManifest } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import type { Context, Handler } from '../context';
import type { Exchange } from '../http/exchange';
import { needCapability } from './capability';
import { ChatCompletions, RawCompletion } from './chat-protocol';
import {
  formatForChat,
  formatForCompletion,
  generateText,
  isOllama,
  toOllama,
  type TextRequest,
} from './generate-text';
import { loadOrUnload } from './load';
import { contentOf } from './messages';
import { withDefaults } from './options';
import { ollamaTarget, type OllamaTarget } from './target';
import { thinkFields } from './think';
import { generateForm } from './writer';

const refuse = (message: string, hint: string): NaniteError =>
  new NaniteError('not-supported', message, { status: 400, hint });

/** What of Ollama's API cannot be done is refused: an answer that left it out would look right and be wrong. */
function checkSupported(request: OllamaGenerateRequest, ollama: OllamaTarget): void {
  if (request.template) {
    throw refuse(
      'template: Ollama templates cannot be used here; the model has its own',
      'send raw: true with a prompt that is written out, or use /api/chat',
    );
  }
  if (request.context && request.context.length > 0) {
    throw refuse('context: the deprecated token list is not supported', 'use /api/chat with its messages');
  }
  const raw = request.raw === true || Boolean(request.suffix);
  if (raw && ollama.target.kind === 'backend' && ollama.target.backend.kind === 'openai') {
    throw refuse(
      `raw, suffix: the backend ${ollama.target.backend.name} has no such endpoint`,
      'use /v1/completions',
    );
  }
  if (raw && request.images && request.images.length > 0) {
    throw refuse('images cannot go with raw or suffix', 'leave raw out');
  }
}

type Asked = Pick<TextRequest, 'path' | 'body' | 'protocol'>;

/** A prompt that goes to the model as it is. */
function untouched(request: OllamaGenerateRequest): Asked {
  const probabilities = request.logprobs === true ? { n_probs: Math.max(1, request.top_logprobs ?? 0) } : {};
  const format = formatForCompletion(request.format);
  if (request.suffix) {
    const body = { input_prefix: request.prompt ?? '', input_suffix: request.suffix };
    return { path: '/infill', body: { ...body, ...format, ...probabilities }, protocol: new RawCompletion() };
  }
  const body = { prompt: request.prompt ?? '', ...format, ...probabilities };
  return { path: '/completion', body, protocol: new RawCompletion() };
}

/** A prompt in the model's own template. */
function templated(request: OllamaGenerateRequest, manifest: ModelManifest | null): Asked {
  const system = request.system ?? manifest?.system ?? '';
  const messages = [
    ...(system === '' ? [] : [{ role: 'system', content: system }]),
    { role: 'user', content: contentOf(request.prompt ?? '', request.images) },
  ];
  return {
    path: '/v1/chat/completions',
    body: {
      messages,
      ...formatForChat(request.format),
      ...thinkFields(request.think, manifest),
      ...(request.logprobs === true && { logprobs: true, top_logprobs: request.top_logprobs ?? 0 }),
    },
    protocol: new ChatCompletions(),
  };
}

async function generateHere(
  exchange: Exchange,
  context: Context,
  ollama: OllamaTarget,
  request: OllamaGenerateRequest,
  bytes: number,
): Promise<void> {
  const { manifest } = ollama;
  const options = withDefaults(manifest, request.options);
  checkSupported(request, ollama);
  if (manifest !== null) needCapability(manifest, ['completion', 'chat'], 'generate');
  const images = request.images ?? [];
  if (!request.prompt && !request.suffix && images.length === 0) {
    return loadOrUnload(exchange, context, ollama, options, request.model, { response: '' });
  }
  if (manifest !== null && images.length > 0) needCapability(manifest, ['vision'], 'images');
  const hasTemplate = manifest === null || manifest.capabilities.includes('chat');
  if (!hasTemplate && request.system) {
    throw refuse(`system: "${manifest.name}" has no template to put it in`, 'write it into the prompt');
  }
  const raw = request.raw === true || Boolean(request.suffix) || !hasTemplate;
  await generateText(exchange, context, ollama, {
    ...(raw ? untouched(request) : templated(request, manifest)),
    form: generateForm,
    options,
    stream: request.stream ?? true,
    model: request.model,
    bytes,
  });
}

/** POST /api/generate */
export const generate: Handler = async (exchange, context) => {
  const { value, bytes } = await context.bodies.json(exchange, true);
  const request = OllamaGenerateRequest.parse(value);
  exchange.model = request.model;
  const ollama = await ollamaTarget(context, request);
  if (isOllama(ollama)) return toOllama(exchange, context, ollama, value);
  await generateHere(exchange, context, ollama, request, bytes.length);
};
