import { ResponsesRequest, type ResponsesAnswer, type ResponsesItem } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { answerOrCall, askedTools, type CallGuard } from '../../chat/answer-or-call';
import type { ChatBody } from '../../chat/chat-body';
import { needForChat } from '../../chat/needs';
import { personaBefore, personaOf } from '../../chat/persona';
import { readToolChoice } from '../../chat/tool-choice';
import { chatForm } from '../../chat/tool-forms';
import { countTokens, useTruncating } from '../../chat/truncating';
import { useWithRoom } from '../../chat/with-room';
import type { Context, Handler } from '../../context';
import type { Exchange } from '../../http/exchange';
import { findTarget, type Target } from '../../models/target';
import { wantsOf, withDefaults } from '../../ollama/options';
import { fetchWhole } from '../../upstream/client';
import { upstreamError } from '../../upstream/error';
import { incomplete, readEvents } from '../../upstream/read-events';
import type { Session } from '../../upstream/session';
import { toBackend } from '../backend';
import { hasSchema, someMessages } from '../chat';
import { defaultsFor } from '../defaults';
import { begun, ended, type ChatUsage } from './answer';
import { ResponsesOutput, type ChatDelta } from './output';
import { checkRequest, customToolNames, inputItems, toChat } from './request';
import { newId } from './store';
import { ResponsesStream } from './stream';

type Local = Extract<Target, { kind: 'local' }>;

const path = '/v1/chat/completions';

/** The conversation before a request's own input. @throws NaniteError 400 */
function before(
  context: Context,
  uid: number,
  { previous_response_id: id }: ResponsesRequest,
): ResponsesItem[] {
  if (id === null || id === undefined) return [];
  try {
    return context.responses.get(id, uid).conversation;
  } catch (cause) {
    const hint = 'responses are kept in memory, and the oldest are forgotten: send the conversation itself';
    throw new NaniteError('previous-response-not-found', `Previous response with id '${id}' not found.`, {
      ...{ status: 400, hint, cause },
    });
  }
}

/** What references stand for, and an id for each item. */
const resolved = (context: Context, uid: number, items: readonly ResponsesItem[]): ResponsesItem[] =>
  items.map((item) => {
    const { type, id } = item;
    if (type === 'item_reference' && typeof id === 'string') return context.responses.item(id, uid);
    return typeof id === 'string' ? item : { ...item, id: newId('item') };
  });

interface Prepared {
  target: Local;
  body: ChatBody;
  input: ResponsesItem[];
  conversation: ResponsesItem[];
}

/** @throws NaniteError 400 where the request, or an item of it, cannot be understood, or the model cannot do it */
async function prepare(
  exchange: Exchange,
  context: Context,
  target: Local,
  request: ResponsesRequest,
  value: Record<string, unknown>,
): Promise<Prepared> {
  checkRequest(request);
  const { uid } = exchange.identity;
  const { manifest } = target.entry;
  const input = resolved(context, uid, inputItems(request));
  const conversation = [...before(context, uid, request), ...input];
  const chat = toChat(request, conversation, manifest);
  const given = someMessages(chat.messages);
  needForChat(manifest, given, chat.tools);
  const persona = personaBefore(await personaOf(target.entry), given[0]);
  const body = { ...chat, ...defaultsFor(manifest, value), messages: [...persona, ...given] };
  return { target, body, input, conversation };
}

/** Ask and answer in one JSON object. */
async function whole(
  exchange: Exchange,
  session: Session,
  body: object,
  request: ResponsesRequest,
  guard: CallGuard | null,
): Promise<ResponsesAnswer> {
  const call = { method: 'POST', path, body: JSON.stringify(body) } as const;
  const answer = await fetchWhole(session.upstream, call, exchange.signal);
  const text = answer.body.toString('utf8');
  if (answer.status >= 400) throw upstreamError(answer.status, text);
  guard?.whole(text);
  const { choices, usage } = JSON.parse(text) as {
    choices?: Array<{ message: ChatDelta; finish_reason: string | null }>;
    usage?: ChatUsage;
  };
  const [choice] = choices ?? [];
  if (choice === undefined) throw incomplete(session.upstream);
  const output = new ResponsesOutput(customToolNames(request), () => {});
  const { tool_calls: calls, ...message } = choice.message;
  // A whole message does not number its calls.
  output.add({ ...message, ...(calls && { tool_calls: calls.map((each, index) => ({ ...each, index })) }) });
  const cut = choice.finish_reason === 'length';
  output.end(!cut);
  return ended(begun(request), output.items, usage ?? null, cut);
}

/** POST /v1/responses */
export const createResponse: Handler = async (exchange, context) => {
  const { value } = await context.bodies.json(exchange, false);
  const request = ResponsesRequest.parse(value);
  exchange.model = request.model;
  const target = await findTarget(request.model, context.catalogue, context.backends);
  if (target.kind === 'backend') return toBackend(exchange, context, target, value);
  const { body, input, conversation } = await prepare(exchange, context, target, request, value);
  const { uid } = exchange.identity;
  const keep = (response: ResponsesAnswer): void => {
    if (request.store === false) return;
    context.responses.keep({ uid, response, input, conversation: [...conversation, ...response.output] });
  };
  const { manifest } = target.entry;
  const wants = wantsOf(withDefaults(manifest, null), manifest);
  const options = { wants, uid, signal: exchange.signal };
  const { mode } = readToolChoice(request.tool_choice);
  const hasFormat = hasSchema(body['response_format']);
  const asked = askedTools(manifest, chatForm, body.tools ?? [], mode, body.messages, hasFormat);
  const answer = async (session: Session, sent: object, guard: CallGuard | null): Promise<void> => {
    if (request.stream !== true) {
      const response = await whole(exchange, session, sent, request, guard);
      keep(response);
      exchange.json(response);
      return;
    }
    const streamed = { ...sent, stream: true, stream_options: { include_usage: true } };
    const stream = new ResponsesStream(exchange, begun(request), customToolNames(request), keep);
    const call = { method: 'POST', path, body: JSON.stringify(streamed) } as const;
    await readEvents(exchange, session, call, guard?.sink(stream) ?? stream);
  };
  const ask = (session: Session, messages: ChatBody['messages']): Promise<void> =>
    answerOrCall(asked, { ...body, messages }, (sent, guard) => answer(session, sent, guard));
  await useWithRoom(context, target, options, (session, mayGrow) =>
    request.truncation === 'auto' && !mayGrow
      ? useTruncating(session, body, exchange.signal, (messages) => ask(session, messages))
      : ask(session, body.messages),
  );
};

/** POST /v1/responses/input_tokens: how many tokens a request would have. */
export const countInput: Handler = async (exchange, context) => {
  const { value } = await context.bodies.json(exchange, false);
  const request = ResponsesRequest.parse(value);
  exchange.model = request.model;
  const target = await findTarget(request.model, context.catalogue, context.backends);
  if (target.kind === 'backend') return toBackend(exchange, context, target, value);
  const { body } = await prepare(exchange, context, target, request, value);
  const options = { uid: exchange.identity.uid, signal: exchange.signal };
  await context.sessions.use(target, options, async (session) => {
    const tokens = await countTokens(session, body, exchange.signal);
    exchange.json({ object: 'response.input_tokens', input_tokens: tokens });
  });
};

/** The id in a path such as /v1/responses/{id}/input_items, and what follows it. */
function idIn(exchange: Exchange): { id: string; rest: string } {
  const [id = '', ...rest] = exchange.path.slice('/v1/responses/'.length).split('/');
  return { id: decodeURIComponent(id), rest: rest.join('/') };
}

/** GET /v1/responses/{id} and /v1/responses/{id}/input_items */
export const readResponse: Handler = (exchange, context) => {
  const { id, rest } = idIn(exchange);
  const { response, input } = context.responses.get(id, exchange.identity.uid);
  exchange.model = response.model;
  if (rest === '') return exchange.json(response);
  if (rest !== 'input_items') {
    throw new NaniteError('no-such-endpoint', `there is no ${exchange.path}`, { status: 404 });
  }
  // The newest first, as OpenAI lists them.
  const data = [...input].reverse();
  const ends = { first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
  exchange.json({ object: 'list', data, has_more: false, ...ends });
};

/** POST /v1/responses/{id}/cancel: only responses in the background can be, and there are none here. */
export const cancelResponse: Handler = (exchange, context) => {
  const { id } = idIn(exchange);
  context.responses.get(id, exchange.identity.uid);
  throw new NaniteError('invalid-request', 'only background responses can be cancelled', {
    status: 400,
    hint: 'close the connection to stop a response',
  });
};

/** DELETE /v1/responses/{id} */
export const deleteResponse: Handler = (exchange, context) => {
  const { id } = idIn(exchange);
  context.responses.remove(id, exchange.identity.uid);
  exchange.json({ id, object: 'response', deleted: true });
};
