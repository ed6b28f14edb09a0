import { OllamaChatRequest } from '@nanite/contracts';
import { needCapability } from '../chat/capability';
import { askedTools } from '../chat/answer-or-call';
import { needForChat } from '../chat/needs';
import { personaBefore, personaOf } from '../chat/persona';
import { chatForm as toolForm } from '../chat/tool-forms';
import type { Handler } from '../context';
import { ChatCompletions } from './chat-protocol';
import { formatForChat, generateText, isOllama, toOllama } from './generate-text';
import { readOllama } from './liberal';
import { loadOrUnload } from './load';
import { probabilities, wantedLogprobs } from './logprobs';
import { toOpenAiMessages } from './messages';
import { withDefaults } from './options';
import { ollamaTarget } from './target';
import { thinkFields } from './think';
import { chatForm } from './writer';

/** POST /api/chat */
export const chat: Handler = async (exchange, context) => {
  const { value, bytes } = await context.bodies.json(exchange, true);
  const request = readOllama(OllamaChatRequest, value);
  exchange.model = request.model;
  const ollama = await ollamaTarget(context, request);
  const { manifest, target } = ollama;
  if (isOllama(ollama)) return toOllama(exchange, context, ollama, value);

  const messages = request.messages ?? [];
  const options = withDefaults(manifest, request.options);
  if (manifest !== null) needCapability(manifest, ['chat'], 'chat');
  if (messages.length === 0) {
    const empty = { message: { role: 'assistant', content: '' } };
    return loadOrUnload(exchange, context, ollama, options, request.model, empty);
  }
  const tools = request.tools ?? [];
  const format = formatForChat(request.format);
  const sent = toOpenAiMessages(messages);
  if (manifest !== null) needForChat(manifest, sent, tools);
  const persona = target.kind === 'local' ? await personaOf(target.entry) : null;
  await generateText(exchange, context, ollama, {
    path: '/v1/chat/completions',
    body: {
      messages: [...personaBefore(persona, messages[0]), ...sent],
      ...(tools.length > 0 && { tools }),
      ...format,
      ...thinkFields(request.think, manifest),
      ...probabilities(request),
    },
    protocol: () => new ChatCompletions(wantedLogprobs(request)),
    form: chatForm,
    asked: askedTools(manifest, toolForm, tools, 'auto', sent, Object.keys(format).length > 0),
    options,
    stream: request.stream ?? true,
    truncate: request.truncate ?? true,
    shift: request.shift ?? true,
    model: request.model,
    bytes: bytes.length,
  });
};
