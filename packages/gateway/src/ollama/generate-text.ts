import type { OllamaFormat } from '@nanite/contracts';
import { answerOrCall, type CallGuard } from '../chat/answer-or-call';
import type { ChatBody } from '../chat/chat-body';
import { useTruncating } from '../chat/truncating';
import { useWithRoom } from '../chat/with-room';
import type { Context } from '../context';
import type { Exchange } from '../http/exchange';
import { relay } from '../upstream/relay';
import type { Session } from '../upstream/session';
import { holdToContext } from './context-size';
import { usePromptCut } from './cut-prompt';
import { answerLines, answerWhole } from './generation';
import { samplingForOpenAi, samplingForWorker, wantsOf } from './options';
import type { OllamaTarget } from './target';
import type { TextRequest } from './text-request';

/** A `format` as fields of a request to a chat endpoint. */
export function formatForChat(format: OllamaFormat | null | undefined): Record<string, unknown> {
  if (format === null || format === undefined || format === '') return {};
  if (format === 'json') return { response_format: { type: 'json_object' } };
  return {
    response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema: format } },
  };
}

/** A `format` as fields of a request to /completion or /infill. */
export function formatForCompletion(format: OllamaFormat | null | undefined): Record<string, unknown> {
  if (format === null || format === undefined || format === '') return {};
  return { json_schema: format === 'json' ? {} : format };
}

/** An answer without an end would go on for ever where the context shifts: so many contexts full are enough, as in Ollama. */
const maxContexts = 10;

function sampling(session: Session, ollama: OllamaTarget, request: TextRequest): Record<string, unknown> {
  const { target } = ollama;
  const { options, shift } = request;
  if (target.kind === 'backend' && target.backend.kind === 'openai') {
    return { ...samplingForOpenAi(options, target.backend.name), model: target.model };
  }
  const context = session.plan?.context ?? 4096;
  const fields = samplingForWorker(options, context);
  if (target.kind === 'backend') return { ...fields, model: target.model };
  const endless = typeof fields['n_predict'] !== 'number' || fields['n_predict'] < 0;
  return {
    ...fields,
    ...(shift && { context_shift: true, ...(endless && { n_predict: maxContexts * context }) }),
  };
}

/** Ask the model and answer in Ollama's form. */
export async function generateText(
  exchange: Exchange,
  context: Context,
  ollama: OllamaTarget,
  request: TextRequest,
): Promise<void> {
  const { options, stream, path, truncate } = request;
  const { signal } = exchange;
  const acquire = {
    wants: wantsOf(options, ollama.manifest),
    keepAliveMs: ollama.keepAlive,
    uid: exchange.identity.uid,
    signal,
  };
  const ask = (session: Session, part: Record<string, unknown>): Promise<void> =>
    answerOrCall(request.asked ?? null, { ...request.body, ...part }, (asked, guard) =>
      send(session, asked, guard),
    );
  const send = async (
    session: Session,
    asked: Record<string, unknown>,
    guard: CallGuard | null,
  ): Promise<void> => {
    const body: Record<string, unknown> = {
      ...asked,
      ...sampling(session, ollama, request),
      stream,
      ...(stream && path === '/v1/chat/completions' && { stream_options: { include_usage: true } }),
    };
    const room = await holdToContext(session, options, path, body, request.bytes, signal);
    if (room !== null && !request.shift) {
      const most = typeof body['n_predict'] === 'number' ? body['n_predict'] : -1;
      body['n_predict'] = most < 0 ? room : Math.min(most, room);
    }
    const call = { method: 'POST', path, body: JSON.stringify(body) } as const;
    await (stream ? answerLines : answerWhole)(exchange, session, call, request, guard);
  };
  const act = async (session: Session, mayGrow: boolean): Promise<void> => {
    const rendered = (await request.rendered?.(session, signal)) ?? {};
    if (!truncate || mayGrow || session.plan === null || path === '/infill') return ask(session, rendered);
    if (path === '/v1/chat/completions') {
      return useTruncating(session, request.body as ChatBody, signal, (messages) =>
        ask(session, { messages }),
      );
    }
    const { prompt } = { ...request.body, ...rendered };
    return usePromptCut(session, prompt, options, signal, (cut) => ask(session, { prompt: cut }));
  };
  // A client that names a context wants that one; else the context grows with the conversation.
  if (acquire.wants.context !== null) {
    await context.sessions.use(ollama.target, acquire, (session) => act(session, false));
  } else await useWithRoom(context, ollama.target, acquire, act);
}

/** Hand a request on to a real Ollama as it came, under the name that it knows. */
export async function toOllama(
  exchange: Exchange,
  context: Context,
  ollama: OllamaTarget,
  value: Record<string, unknown>,
): Promise<void> {
  const { target } = ollama;
  const model = target.kind === 'backend' ? target.model : target.name;
  await context.sessions.use(target, { uid: exchange.identity.uid, signal: exchange.signal }, (session) =>
    relay(exchange, session, {
      method: 'POST',
      path: exchange.path,
      body: JSON.stringify({ ...value, model, ...('name' in value && { name: model }) }),
    }),
  );
}

export const isOllama = ({ target }: OllamaTarget): boolean =>
  target.kind === 'backend' && target.backend.kind === 'ollama';
