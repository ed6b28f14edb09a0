import { OllamaGenerateRequest } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { needCapability } from '../chat/capability';
import { needForMedia } from '../chat/media';
import { personaBefore, personaOf } from '../chat/persona';
import type { Context, Handler } from '../context';
import type { Exchange } from '../http/exchange';
import type { Session } from '../upstream/session';
import { ChatCompletions, RawCompletion } from './chat-protocol';
import { formatForChat, formatForCompletion, generateText, isOllama, toOllama } from './generate-text';
import { readOllama } from './liberal';
import { loadOrUnload } from './load';
import { probabilities, rawProbabilities, wantedLogprobs } from './logprobs';
import { contentOf } from './messages';
import { withDefaults } from './options';
import { ollamaTarget, type OllamaTarget } from './target';
import { thinkFields } from './think';
import type { TextRequest } from './text-request';
import { promptOf, tokensOf } from './tokens';
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
  const continues = request.context && request.context.length > 0;
  if (request.raw === true && (request.system || continues)) {
    throw refuse('raw mode does not support template, system, or context', 'leave raw out');
  }
  const raw = request.raw === true || Boolean(request.suffix) || continues;
  if (raw && ollama.target.kind === 'backend' && ollama.target.backend.kind === 'openai') {
    throw refuse(
      `raw, suffix, context: the backend ${ollama.target.backend.name} has no such endpoint`,
      'use /v1/completions',
    );
  }
  if (raw && request.images && request.images.length > 0) {
    throw refuse('images cannot be combined with raw, suffix or context', 'leave these out');
  }
}

type Asked = Pick<TextRequest, 'path' | 'body' | 'protocol' | 'rendered' | 'tokens'>;

/** A prompt that goes to the model as it is. */
function untouched(request: OllamaGenerateRequest): Asked {
  const fields = { ...formatForCompletion(request.format), ...rawProbabilities(request) };
  const protocol = () => new RawCompletion(wantedLogprobs(request));
  if (request.suffix) {
    const body = { input_prefix: request.prompt ?? '', input_suffix: request.suffix };
    return { path: '/infill', body: { ...body, ...fields }, protocol };
  }
  return { path: '/completion', body: { prompt: request.prompt ?? '', ...fields }, protocol };
}

/** A prompt in the model's own template. */
async function templated(request: OllamaGenerateRequest, { target, manifest }: OllamaTarget): Promise<Asked> {
  const continues = request.context !== null && request.context !== undefined && request.context.length > 0;
  const persona = target.kind === 'local' ? await personaOf(target.entry) : null;
  const before = request.system
    ? [{ role: 'system', content: request.system }, ...(persona?.messages ?? [])]
    : personaBefore(persona, undefined);
  const messages = [
    // A conversation that goes on has had the model's messages.
    ...(continues ? before.filter(({ role }) => role === 'system') : before),
    { role: 'user', content: contentOf(request.prompt ?? '', request.images) },
  ];
  const body = { messages, ...thinkFields(request.think, manifest) };
  const fields = { ...body, ...formatForChat(request.format), ...probabilities(request) };
  const asked: Asked = {
    path: '/v1/chat/completions',
    body: fields,
    protocol: () => new ChatCompletions(wantedLogprobs(request)),
  };
  if (target.kind === 'backend') return asked;
  return {
    ...asked,
    async tokens(session, answer, signal) {
      return tokensOf(session, `${await promptOf(session, body, signal)}${answer}`, true, signal);
    },
  };
}

/** A prompt that goes on from the tokens of an earlier answer. */
function continued(request: OllamaGenerateRequest, { body }: Asked): Asked {
  const given = request.context ?? [];
  const { messages, chat_template_kwargs: template } = body;
  let prompt: string | null = null;
  const turn = async (session: Session, signal: AbortSignal): Promise<string> =>
    (prompt ??= await promptOf(
      session,
      { messages, ...(template !== undefined && { chat_template_kwargs: template }) },
      signal,
    ));
  return {
    ...untouched({ ...request, suffix: null }),
    async rendered(session, signal) {
      return { prompt: [...given, await turn(session, signal)] };
    },
    async tokens(session, answer, signal) {
      const added = await tokensOf(session, `${await turn(session, signal)}${answer}`, false, signal);
      return [...given, ...added];
    },
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
  const images = request.images ?? [];
  const isEmpty = !request.prompt && !request.suffix && images.length === 0;
  // As with Ollama, a model of any kind is taken out of memory here, one that only embeds as well.
  if (manifest !== null && !(isEmpty && ollama.keepAlive === 0)) {
    needCapability(manifest, ['completion', 'chat'], 'generate');
  }
  if (isEmpty) {
    return loadOrUnload(exchange, context, ollama, options, request.model, { response: '' });
  }
  if (manifest !== null) needForMedia(manifest, [{ content: contentOf('', images) }]);
  const hasTemplate = manifest === null || manifest.capabilities.includes('chat');
  if (!hasTemplate && request.system) {
    throw refuse(`system: "${manifest.name}" has no template to put it in`, 'write it into the prompt');
  }
  const raw = request.raw === true || Boolean(request.suffix) || !hasTemplate;
  await generateText(exchange, context, ollama, {
    ...(await asked(request, ollama, raw)),
    form: generateForm,
    options,
    stream: request.stream ?? true,
    truncate: request.truncate ?? true,
    shift: request.shift ?? true,
    model: request.model,
    bytes,
  });
}

async function asked(request: OllamaGenerateRequest, ollama: OllamaTarget, raw: boolean): Promise<Asked> {
  if (raw) return untouched(request);
  const inTemplate = await templated(request, ollama);
  return request.context && request.context.length > 0 ? continued(request, inTemplate) : inTemplate;
}

/** POST /api/generate */
export const generate: Handler = async (exchange, context) => {
  const { value, bytes } = await context.bodies.json(exchange, true);
  const request = readOllama(OllamaGenerateRequest, value);
  exchange.model = request.model;
  const ollama = await ollamaTarget(context, request);
  if (isOllama(ollama)) return toOllama(exchange, context, ollama, value);
  await generateHere(exchange, context, ollama, request, bytes.length);
};
