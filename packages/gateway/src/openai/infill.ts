import { InfillRequest, type ModelEntry } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { forWorker } from '../chat/for-worker';
import type { Context, Handler } from '../context';
import { findTarget, type Target } from '../models/target';
import { relay } from '../upstream/relay';
import { toBackend } from './backend';

/**
 * The model that fills in where a request names none: the one in memory, else the smallest, since somebody is typing.
 *
 * @throws NaniteError 404 `model-not-found`
 */
async function fillingModel(context: Context): Promise<Target> {
  const entries = (await context.catalogue.list()).filter(
    ({ manifest, runnable }) => runnable && manifest.capabilities.includes('insert'),
  );
  const loaded = ({ manifest }: ModelEntry): number => (context.broker.ready(manifest.id) === null ? 1 : 0);
  const [first] = entries.sort((a, b) => loaded(a) - loaded(b) || a.sizeBytes - b.sizeBytes);
  if (first !== undefined) return { kind: 'local', name: first.manifest.name, entry: first };
  throw new NaniteError('model-not-found', 'no model that can fill in code is installed', {
    status: 404,
    hint: 'apt install nanite-model-qwen2.5-coder-0.5b-instruct',
  });
}

/**
 * Who fills in. A name that nobody here knows counts as none, as llama-server itself has it: llama.vscode sends the name of its
 * setting for chats, which is a model of a cloud until somebody changes it.
 */
async function answering(model: string | null | undefined, context: Context): Promise<Target> {
  if (!model) return fillingModel(context);
  try {
    return await findTarget(model, context.catalogue, context.backends);
  } catch (error) {
    if (error instanceof NaniteError && error.code === 'model-not-found') return fillingModel(context);
    throw error;
  }
}

/** POST /infill: llama-server's own endpoint, which llama.vim and llama.vscode call. */
export const infill: Handler = async (exchange, context) => {
  const { value } = await context.bodies.json(exchange, false);
  const { model, n_cmpl: several } = InfillRequest.parse(value);
  const target = await answering(model, context);
  exchange.model = target.name;
  if (target.kind === 'backend') return toBackend(exchange, context, target, value);
  const options = { uid: exchange.identity.uid, signal: exchange.signal };
  await context.sessions.use(target, options, (session) => {
    // Each suggestion takes a slot. An editor that wants more than there are gets as many as there are.
    const fewer = several && { n_cmpl: Math.min(several, session.plan?.slots ?? several) };
    const body = JSON.stringify({ ...forWorker(value), ...fewer });
    return relay(exchange, session, { method: 'POST', path: '/infill', body });
  });
};

/** GET /health: as llama-server says that it is ready. */
export const health: Handler = (exchange) => exchange.json({ status: 'ok' });
