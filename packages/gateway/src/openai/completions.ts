import { OpenAiCompletionRequest } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { needCapability } from '../chat/capability';
import { forWorker } from '../chat/for-worker';
import { useWithRoom } from '../chat/with-room';
import type { Handler } from '../context';
import { findTarget } from '../models/target';
import { wantsOf, withDefaults } from '../ollama/options';
import { fetchWhole } from '../upstream/client';
import { upstreamError } from '../upstream/error';
import { readEvents } from '../upstream/read-events';
import { relay } from '../upstream/relay';
import { toBackend } from './backend';
import { CompletionEvents } from './completion-events';
import { CompletionChoices, fromInfill, type Completion } from './completion-form';
import { defaultsFor } from './defaults';

type Request = ReturnType<typeof OpenAiCompletionRequest.parse>;

const refuse = (message: string, hint: string): NaniteError =>
  new NaniteError('not-supported', message, { status: 400, hint });

/** The prompt of a request that needs one text. @throws NaniteError 400 */
function onePrompt({ prompt }: Request, field: string): string {
  if (typeof prompt === 'string') return prompt;
  if (Array.isArray(prompt) && prompt.length === 1 && typeof prompt[0] === 'string') return prompt[0];
  throw refuse(`${field} needs a prompt that is one text`, 'send one request for each prompt');
}

/** Fields of llama-server's /infill for a request with a suffix. */
function infillBody(request: Request, rest: Record<string, unknown>): Record<string, unknown> {
  const { max_tokens: length, prompt: _prompt, suffix: _suffix, echo: _echo, n, logprobs, ...others } = rest;
  if (n !== undefined && n !== 1)
    throw refuse('n cannot be combined with suffix', 'send one request for each answer');
  if (logprobs !== undefined && logprobs !== false)
    throw refuse('logprobs cannot be combined with suffix', 'leave them out');
  return {
    ...others,
    input_prefix: onePrompt(request, 'suffix'),
    input_suffix: request.suffix,
    ...(typeof length === 'number' && { n_predict: length }),
  };
}

/**
 * POST /v1/completions: to llama-server, and back in the older form of OpenAI's API, which its clients read: probabilities in
 * four lists, `echo`, and with `suffix` what stands between two texts.
 */
export const completions: Handler = async (exchange, context) => {
  const { value } = await context.bodies.json(exchange, false);
  const request = OpenAiCompletionRequest.parse(value);
  exchange.model = request.model;
  const target = await findTarget(request.model, context.catalogue, context.backends);
  if (target.kind === 'backend') return toBackend(exchange, context, target, value);
  const { manifest } = target.entry;
  needCapability(manifest, ['completion', 'chat'], 'completions');
  const wanted = request.logprobs === true ? 1 : request.logprobs || 0;
  if (request.echo === true && wanted > 0) {
    throw refuse('echo cannot be combined with logprobs: the prompt has none here', 'leave one of them out');
  }
  const rest = { ...forWorker(value), ...defaultsFor(manifest, value) };
  const fills = typeof request.suffix === 'string' && request.suffix !== '';
  const { echo: _echo, suffix: _suffix, ...plain } = rest;
  const path = fills ? '/infill' : exchange.path;
  const body = fills ? infillBody(request, rest) : plain;
  const call = { method: 'POST', path, body: JSON.stringify(body) } as const;
  const choices = new CompletionChoices(request.echo === true ? onePrompt(request, 'echo') : '', wanted);
  const read = (data: string): Completion => {
    const answer = JSON.parse(data) as Completion;
    if (answer.error !== undefined) throw upstreamError(500, data);
    return choices.of(fills ? fromInfill(answer, request.model) : answer);
  };
  const asItIs = !fills && request.echo !== true && wanted === 0;
  const wants = wantsOf(withDefaults(manifest, null), manifest);
  const options = { wants, uid: exchange.identity.uid, signal: exchange.signal };
  await useWithRoom(context, target, options, async (session) => {
    if (asItIs) return relay(exchange, session, call);
    if (request.stream === true) {
      return readEvents(exchange, session, call, new CompletionEvents(exchange, read));
    }
    const answer = await fetchWhole(session.upstream, call, exchange.signal);
    const text = answer.body.toString('utf8');
    if (answer.status >= 400) throw upstreamError(answer.status, text);
    exchange.json(read(text));
  });
};
