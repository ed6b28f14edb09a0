import type { Context } from '../context';
import type { Exchange } from '../http/exchange';
import type { Target } from '../models/target';
import { relay } from '../upstream/relay';

/** Hand a request on to a server that speaks the API itself, as it came but for the name that it knows the model by. */
export async function toBackend(
  exchange: Exchange,
  context: Context,
  target: Extract<Target, { kind: 'backend' }>,
  value: Record<string, unknown>,
): Promise<void> {
  const body = JSON.stringify({ ...value, model: target.model });
  await context.sessions.use(target, { uid: exchange.identity.uid, signal: exchange.signal }, (session) =>
    relay(exchange, session, { method: 'POST', path: exchange.path, body }),
  );
}
