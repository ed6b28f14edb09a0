import { AnthropicMessagesRequest } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { answerOrCall, askedTools } from '../chat/answer-or-call';
import { forWorker } from '../chat/for-worker';
import { needForChat } from '../chat/needs';
import { personaBefore, personaOf } from '../chat/persona';
import { messagesForm } from '../chat/tool-forms';
import { useWithRoom } from '../chat/with-room';
import type { Handler } from '../context';
import { findTarget, type Target } from '../models/target';
import { wantsOf, withDefaults } from '../ollama/options';
import { toBackend } from '../openai/backend';
import { someMessages } from '../openai/chat';
import { defaultsFor } from '../openai/defaults';
import { handOn } from '../chat/hand-on';

type Request = ReturnType<typeof AnthropicMessagesRequest.parse>;

/** @throws NaniteError 400 where a backend does not speak the API */
function checkBackend({ backend }: Extract<Target, { kind: 'backend' }>): void {
  if (backend.kind !== 'openai') return;
  throw new NaniteError('not-supported', `the backend ${backend.name} does not speak Anthropic's API`, {
    status: 400,
    hint: 'use /v1/chat/completions',
  });
}

/**
 * Tools and the choice among them as llama-server takes them: it knows `auto` and `any`, so a tool that is named is the
 * only one offered, and with `none` there are none.
 *
 * @throws NaniteError 400 where the choice names a tool that is not there, or requires one and there is none
 */
function chosen({ tools, tool_choice: choice }: Request): Record<string, unknown> {
  const given = tools ?? [];
  const type = choice?.type ?? 'auto';
  if (type === 'none') return {};
  const offered = type === 'tool' ? given.filter(({ name }) => name === choice?.name) : given;
  if (offered.length === 0) {
    if (type === 'auto') return {};
    const what = type === 'tool' ? `the tool "${choice?.name}"` : 'a tool';
    throw new NaniteError('invalid-request', `tool_choice asks for ${what}, which is not among the tools`, {
      status: 400,
    });
  }
  return {
    tools: offered,
    tool_choice: { type: type === 'tool' ? 'any' : type },
    ...(choice?.disable_parallel_tool_use === true && { parallel_tool_calls: false }),
  };
}

/** `output_config.format`, or `output_format` as the beta had it, in the field that llama-server reads. */
function formatted({ output_config: config, output_format: beta }: Request): Record<string, unknown> {
  const format = config?.format ?? beta;
  if (format === null || format === undefined) return {};
  return {
    response_format: {
      type: 'json_schema',
      json_schema: { name: 'answer', strict: true, schema: format.schema },
    },
  };
}

/**
 * POST /v1/messages and /v1/messages/count_tokens, which llama-server has itself.
 *
 * @param answers whether a text comes back, rather than a count
 */
export function messages(answers: boolean): Handler {
  return async (exchange, context) => {
    const { value } = await context.bodies.json(exchange, false);
    const request = AnthropicMessagesRequest.parse(value);
    exchange.model = request.model;
    const target = await findTarget(request.model, context.catalogue, context.backends);
    if (target.kind === 'backend') {
      checkBackend(target);
      return toBackend(exchange, context, target, value);
    }
    const { manifest } = target.entry;
    const given = someMessages(request.messages);
    needForChat(manifest, given, request.tools);
    const hasSystem = request.system !== undefined && request.system !== null && request.system.length > 0;
    const persona = await personaOf(target.entry);
    const before = personaBefore(persona, hasSystem ? { role: 'system' } : undefined);
    // The API has no messages of the system: its prompt is a field.
    const [first, ...others] = before;
    const system = first?.role === 'system' && !hasSystem ? first.content : undefined;
    const {
      tools: _tools,
      tool_choice: _choice,
      output_config: _config,
      output_format: _beta,
      ...rest
    } = value;
    const body = {
      ...forWorker(rest),
      ...(answers && defaultsFor(manifest, value)),
      ...(system !== undefined && { system }),
      messages: [...(system === undefined ? before : others), ...given],
      ...chosen(request),
      ...formatted(request),
    };
    const wants = wantsOf(withDefaults(manifest, null), manifest);
    const mode = request.tool_choice?.type ?? 'auto';
    const tools = request.tools ?? [];
    const hasFormat = 'response_format' in body;
    const asked = answers ? askedTools(manifest, messagesForm, tools, mode, given, hasFormat) : null;
    const options = { wants, uid: exchange.identity.uid, signal: exchange.signal };
    await useWithRoom(context, target, options, (session) =>
      answerOrCall(asked, body, (sent, guard) => {
        const call = { method: 'POST', path: exchange.path, body: JSON.stringify(sent) } as const;
        return handOn(exchange, session, call, request.stream === true, guard);
      }),
    );
  };
}
