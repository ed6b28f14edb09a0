import { OllamaChatRequest } from '@nanite/contracts';
import type { Handler } from '../context';
import { needCapability } from './capability';
import { ChatCompletions } from './chat-protocol';
import { formatForChat, generateText, isOllama, toOllama } from './generate-text';
import { loadOrUnload } from './load';
import { toOpenAiMessages } from './messages';
import { withDefaults } from './options';
import { ollamaTarget } from './target';
import { thinkFields } from './think';
import { chatForm } from './writer';

/** POST /api/chat */
export const chat: Handler = async (exchange, context) => {
  const { value, bytes } = await context.bodies.json(exchange, true);
  const request = OllamaChatRequest.parse(value);
  exchange.model = request.model;
  const ollama = await ollamaTarget(context, request);
  const { manifest } = ollama;
  if (isOllama(ollama)) return toOllama(exchange, context, ollama, value);

  const messages = request.messages ?? [];
  const options = withDefaults(manifest, request.options);
  if (manifest !== null) needCapability(manifest, ['chat'], 'chat');
  if (messages.length === 0) {
    const empty = { message: { role: 'assistant', content: '' } };
    return loadOrUnload(exchange, context, ollama, options, request.model, empty);
  }
  if (manifest !== null) {
    if (request.tools && request.tools.length > 0) needCapability(manifest, ['tools']);
    if (messages.some(({ images }) => images && images.length > 0)) {
      needCapability(manifest, ['vision'], 'images');
    }
  }
  await generateText(exchange, context, ollama, {
    path: '/v1/chat/completions',
    body: {
      messages: toOpenAiMessages(messages, manifest),
      ...(request.tools && request.tools.length > 0 && { tools: request.tools }),
      ...formatForChat(request.format),
      ...thinkFields(request.think, manifest),
      ...(request.logprobs === true && { logprobs: true, top_logprobs: request.top_logprobs ?? 0 }),
    },
    protocol: new ChatCompletions(),
    form: chatForm,
    options,
    stream: request.stream ?? true,
    model: request.model,
    bytes: bytes.length,
  });
};
