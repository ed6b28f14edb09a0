import { AnthropicRequest, OpenAiRequest, type ModelCapability, type ModelManifest } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import type { Handler } from '../context';
import { findTarget, type Target } from '../models/target';
import { needCapability } from '../ollama/capability';
import { samplingForWorker, withDefaults } from '../ollama/options';
import { relay } from '../upstream/relay';

/** The model's own sampling defaults where the request names none; undefined: nothing to add. */
function defaultsFor(
  manifest: ModelManifest,
  given: Record<string, unknown>,
): Record<string, unknown> | undefined {
  if (Object.keys(manifest.parameters).length === 0) return undefined;
  const own = samplingForWorker(withDefaults(manifest, null), manifest.contextLength);
  const missing = Object.entries(own).filter(([name]) => {
    if (name === 'n_predict')
      return !['max_tokens', 'max_completion_tokens', 'n_predict'].some((n) => n in given);
    return !(name in given);
  });
  return missing.length === 0 ? undefined : Object.fromEntries(missing);
}

/** The bytes to send: those that came, unless something in them must differ. */
function bodyFor(
  target: Target,
  bytes: Buffer,
  value: Record<string, unknown>,
  sampled: boolean,
): Buffer | string {
  if (target.kind === 'backend') return JSON.stringify({ ...value, model: target.model });
  const defaults = sampled ? defaultsFor(target.entry.manifest, value) : undefined;
  return defaults === undefined ? bytes : JSON.stringify({ ...value, ...defaults });
}

/** @throws NaniteError 400 where a backend does not speak the API */
function checkBackend(target: Target, path: string): void {
  if (target.kind !== 'backend' || target.backend.kind !== 'openai' || !path.startsWith('/v1/messages'))
    return;
  throw new NaniteError(
    'not-supported',
    `the backend ${target.backend.name} does not speak Anthropic's API`,
    {
      status: 400,
      hint: 'use /v1/chat/completions',
    },
  );
}

/**
 * An endpoint that the worker has itself, under the same path: the request goes there as it came, and so does the answer.
 *
 * @param needs what the model must be able to do, one of
 * @param sampled whether the model's sampling defaults are added
 */
export function passThrough(
  schema: typeof OpenAiRequest | typeof AnthropicRequest,
  needs: readonly ModelCapability[],
  sampled: boolean,
): Handler {
  return async (exchange, context) => {
    const { value, bytes } = await context.bodies.json(exchange, false);
    const { model } = schema.parse(value);
    exchange.model = model;
    const target = await findTarget(model, context.catalogue, context.backends);
    checkBackend(target, exchange.path);
    if (target.kind === 'local') needCapability(target.entry.manifest, needs);
    const body = bodyFor(target, bytes, value, sampled);
    await context.sessions.use(target, { uid: exchange.identity.uid, signal: exchange.signal }, (session) =>
      relay(exchange, session, { method: 'POST', path: exchange.path, body }),
    );
  };
}
