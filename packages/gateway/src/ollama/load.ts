import type { Context } from '../context';
import type { Exchange } from '../http/exchange';
import { NaniteError } from '@nanite/kit';
import { wantsOf } from './options';
import type { OllamaTarget } from './target';
import type { OllamaOptions } from '@nanite/contracts';

/**
 * A request without a prompt: load the model, or with `keep_alive: 0` unload it.
 *
 * @param empty the empty answer in the form of the endpoint
 */
export async function loadOrUnload(
  exchange: Exchange,
  context: Context,
  ollama: OllamaTarget,
  options: OllamaOptions,
  model: string,
  empty: Record<string, unknown>,
): Promise<void> {
  const { target, keepAlive, manifest } = ollama;
  if (target.kind === 'backend') {
    throw new NaniteError('not-supported', `${model} belongs to a backend, which loads its models itself`, {
      status: 400,
      hint: 'send a prompt',
    });
  }
  const answer = (reason: 'load' | 'unload') =>
    exchange.json({ model, created_at: new Date().toISOString(), ...empty, done: true, done_reason: reason });
  if (keepAlive === 0) {
    await context.broker.unload(target.entry.manifest.id);
    return answer('unload');
  }
  const session = await context.sessions.open(target, {
    wants: wantsOf(options, manifest),
    keepAliveMs: keepAlive,
    uid: exchange.identity.uid,
    signal: exchange.signal,
  });
  session.release();
  answer('load');
}
