import { OpenAiChatRequest } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { answerOrCall, askedTools } from '../chat/answer-or-call';
import type { ChatBody, ChatMessage, ChatTool } from '../chat/chat-body';
import { forWorker, withoutNulls } from '../chat/for-worker';
import { needForChat } from '../chat/needs';
import { personaBefore, personaOf } from '../chat/persona';
import { chosenTools, readToolChoice } from '../chat/tool-choice';
import { chatForm } from '../chat/tool-forms';
import { useWithRoom } from '../chat/with-room';
import type { Handler } from '../context';
import { findTarget } from '../models/target';
import { wantsOf, withDefaults } from '../ollama/options';
import { handOn } from '../chat/hand-on';
import { toBackend } from './backend';
import { defaultsFor } from './defaults';

/** The newer names of roles, as chat templates know them. */
const templateRole: Record<string, string> = { developer: 'system', function: 'tool' };

/** A part of a message as llama-server reads it: an image's address may stand there without an object around it. */
function inObject(part: unknown): unknown {
  const { image_url: url, ...rest } = (part ?? {}) as Record<string, unknown>;
  return typeof url === 'string' ? { ...rest, image_url: { url } } : part;
}

/** A message with a role that templates know, and without what it says nothing of: clients send answers back as they read them. */
function inTemplate({ content, ...message }: ChatMessage): ChatMessage {
  const said = withoutNulls(message) as ChatMessage;
  return {
    ...said,
    role: templateRole[message.role] ?? message.role,
    ...(content !== undefined && { content: Array.isArray(content) ? content.map(inObject) : content }),
  };
}

/** @throws NaniteError 400 where there is no message: a model would make up both sides of a conversation */
export function someMessages<T>(messages: readonly T[]): readonly T[] {
  if (messages.length > 0) return messages;
  throw new NaniteError('invalid-request', 'messages is empty: send at least one message', { status: 400 });
}

/** Whether an answer's form is demanded: `{type: 'text'}` demands none. */
export const hasSchema = (format: unknown): boolean =>
  typeof format === 'object' && format !== null && (format as { type?: unknown }).type !== 'text';

/** POST /v1/chat/completions: to llama-server with the model's persona and defaults; the answer comes back byte for byte. */
export const chatCompletions: Handler = async (exchange, context) => {
  const { value } = await context.bodies.json(exchange, false);
  const request = OpenAiChatRequest.parse(value);
  exchange.model = request.model;
  const target = await findTarget(request.model, context.catalogue, context.backends);
  if (target.kind === 'backend') return toBackend(exchange, context, target, value);
  const { manifest } = target.entry;
  const messages = someMessages(request.messages) as ChatMessage[];
  const { tools: _tools, tool_choice: given, ...rest } = value;
  const choice = readToolChoice(given);
  const chosen = chosenTools((request.tools ?? []) as ChatTool[], choice, manifest);
  needForChat(manifest, messages, chosen.tools);
  const persona = personaBefore(await personaOf(target.entry), messages[0]);
  const body: ChatBody = {
    ...forWorker(rest),
    ...defaultsFor(manifest, value),
    messages: [...persona, ...messages.map(inTemplate)],
    ...chosen,
  };
  // Several answers at once would each have to be asked for.
  const mode = typeof value['n'] === 'number' && value['n'] > 1 ? 'several' : choice.mode;
  const hasFormat = hasSchema(value['response_format']);
  const asked = askedTools(manifest, chatForm, chosen.tools ?? [], mode, messages, hasFormat);
  const wants = wantsOf(withDefaults(manifest, null), manifest);
  const options = { wants, uid: exchange.identity.uid, signal: exchange.signal };
  await useWithRoom(context, target, options, (session) =>
    answerOrCall(asked, body, (sent, guard) => {
      const call = { method: 'POST', path: exchange.path, body: JSON.stringify(sent) } as const;
      return handOn(exchange, session, call, request.stream === true, guard);
    }),
  );
};
