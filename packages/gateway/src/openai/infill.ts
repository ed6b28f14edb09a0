import { InfillRequest, type ModelEntry } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import type { Context, Handler } from '../context';
import { findTarget } from '../models/target';
import { relay } from '../upstream/relay';
import { toBackend } from './backend';

/**
 * The model that fills in where a request names none, as the editors' plug-ins for llama.cpp do not: the one in memory, else the
 * smallest, since somebody is typing.
 *
 * @throws NaniteError 404 `model-not-found`
 */
async function fillingModel(context: Context): Promise<string> {
  const entries = (await context.catalogue.list()).filter(
    ({ manifest, runnable }) => runnable && manifest.capabilities.includes('insert'),
  );
  const loaded = ({ manifest }: ModelEntry): number => (context.broker.ready(manifest.id) === null ? 1 : 0);
  const [first] = entries.sort((a, b) => loaded(a) - loaded(b) || a.sizeBytes - b.sizeBytes);
  if (first !== undefined) return first.manifest.name;
  throw new NaniteError('model-not-found', 'no model that can fill in code is installed', {
    status: 404,
    hint: 'apt install nanite-model-qwen2.5-coder-0.5b-instruct',
  });
}

/** POST /infill: llama-server's own endpoint, which llama.vim and llama.vscode call. The model is one of its fields or left out. */
export const infill: Handler = async (exchange, context) => {
  const { value, bytes } = await context.bodies.json(exchange, false);
  const model = InfillRequest.parse(value).model || (await fillingModel(context));
  exchange.model = model;
  const target = await findTarget(model, context.catalogue, context.backends);
  if (target.kind === 'backend') return toBackend(exchange, context, target, value);
  const options = { uid: exchange.identity.uid, signal: exchange.signal };
  await context.sessions.use(target, options, (session) =>
    relay(exchange, session, { method: 'POST', path: '/infill', body: bytes }),
  );
};

/** GET /health: as llama-server says that it is ready. */
export const health: Handler = (exchange) => exchange.json({ status: 'ok' });
