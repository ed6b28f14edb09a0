import type { OllamaFormat, OllamaOptions } from '@nanite/contracts';
import type { Context } from '../context';
import type { Exchange } from '../http/exchange';
import { relay } from '../upstream/relay';
import type { Session } from '../upstream/session';
import type { Protocol } from './chat-protocol';
import { holdToContext } from './context-size';
import { answerLines, answerWhole } from './generation';
import { samplingForOpenAi, samplingForWorker, wantsOf } from './options';
import type { OllamaTarget } from './target';
import type { Form } from './writer';

/** What /api/chat and /api/generate come down to. */
export interface TextRequest {
  /** Path on the server, and its body without sampling options. */
  path: '/v1/chat/completions' | '/completion' | '/infill';
  body: Record<string, unknown>;
  protocol: Protocol;
  form: Form;
  options: OllamaOptions;
  stream: boolean;
  /** The name that the client used: answers carry it. */
  model: string;
  /** Bytes of the request, an upper bound of the prompt's tokens. */
  bytes: number;
}

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

function sampling(session: Session, ollama: OllamaTarget, options: OllamaOptions): Record<string, unknown> {
  const { target } = ollama;
  if (target.kind === 'backend' && target.backend.kind === 'openai') {
    return { ...samplingForOpenAi(options, target.backend.name), model: target.model };
  }
  const fields = samplingForWorker(options, session.plan?.context ?? 4096);
  return target.kind === 'backend' ? { ...fields, model: target.model } : fields;
}

/** Ask the model and answer in Ollama's form. */
export async function generateText(
  exchange: Exchange,
  context: Context,
  ollama: OllamaTarget,
  request: TextRequest,
): Promise<void> {
  const { options, stream, path } = request;
  await context.sessions.use(
    ollama.target,
    {
      wants: wantsOf(options, ollama.manifest),
      keepAliveMs: ollama.keepAlive,
      uid: exchange.identity.uid,
      signal: exchange.signal,
    },
    async (session) => {
      const body: Record<string, unknown> = {
        ...request.body,
        ...sampling(session, ollama, options),
        stream,
        ...(stream && path === '/v1/chat/completions' && { stream_options: { include_usage: true } }),
      };
      const room = await holdToContext(session, options, path, body, request.bytes, exchange.signal);
      if (room !== null) {
        const most = typeof body['n_predict'] === 'number' ? body['n_predict'] : -1;
        body['n_predict'] = most < 0 ? room : Math.min(most, room);
      }
      const call = { method: 'POST', path, body: JSON.stringify(body) } as const;
      const answer = stream ? answerLines : answerWhole;
      await answer(exchange, session, call, request.protocol, request.form, request.model);
    },
  );
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
