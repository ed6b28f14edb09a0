import {
  OllamaShowRequest,
  ollamaShow,
  ollamaTag,
  type OllamaModelDetails,
  type OllamaPs,
  type OllamaShowResponse,
  type OllamaTags,
} from '@nanite/contracts';
import { recordOf } from '../chat/persona';
import type { Handler } from '../context';
import type { LoadedView } from '../memory/types';
import { findTarget } from '../models/target';
import { templateOf } from '../models/template';
import { nameIn } from './change';
import { isOllama, toOllama } from './generate-text';
import { readOllama } from './liberal';

/**
 * The version of Ollama's API that this one is: programs look at it before they use what was added later. 0.14.0 is the
 * first with logprobs, /v1/responses and /v1/messages.
 */
export const ollamaVersion = '0.14.0';

const noDetails: OllamaModelDetails = {
  parent_model: '',
  format: '',
  family: '',
  families: [],
  parameter_size: '',
  quantization_level: '',
};

/** GET /api/tags: the models of this machine, then those of backends. */
export const tags: Handler = async (exchange, context) => {
  const entries = await context.catalogue.list();
  const local = entries.map(ollamaTag);
  const others = (await context.backends.allNames()).map((name) => ({
    name,
    model: name,
    modified_at: context.startedAt,
    size: 0,
    digest: '',
    details: noDetails,
  }));
  const answer: OllamaTags = { models: [...local, ...others] };
  exchange.json(answer);
};

/** A time that clients can read and that never comes: Ollama writes such a one for models that stay. */
const never = new Date(Date.UTC(2318, 0, 1)).toISOString();

/** When a model goes. Of one that is going Ollama's command says so where the time is over. */
function expiry({ state, expiresAt }: LoadedView): string {
  if (state === 'stopping') return new Date(Date.now() - 1).toISOString();
  return expiresAt === null ? never : new Date(expiresAt).toISOString();
}

/** GET /api/ps: the models in memory. */
export const ps: Handler = async (exchange, context) => {
  const entries = await context.catalogue.withStaged();
  const models = context.broker.view().flatMap((loaded): OllamaPs['models'] => {
    const entry = entries.find(({ manifest }) => manifest.id === loaded.id);
    if (entry === undefined || loaded.worker === null) return [];
    const { plan } = loaded.worker;
    const { modified_at: _, ...listed } = ollamaTag(entry);
    return [
      {
        ...listed,
        size: loaded.memoryBytes + plan.vramBytes,
        size_vram: plan.vramBytes,
        context_length: plan.context,
        expires_at: expiry(loaded),
      },
    ];
  });
  const answer: OllamaPs = { models };
  exchange.json(answer);
};

/** GET /api/version */
export const version: Handler = (exchange) => {
  exchange.json({ version: ollamaVersion });
};

/** GET and HEAD / */
export const running: Handler = (exchange) => {
  exchange.text('Ollama is running', 'text/plain; charset=utf-8');
};

/** POST /api/show */
export const show: Handler = async (exchange, context) => {
  const { value } = await context.bodies.json(exchange, true);
  const name = nameIn(readOllama(OllamaShowRequest, value));
  exchange.model = name;
  const target = await findTarget(name, context.catalogue, context.backends);
  if (target.kind === 'backend') {
    const ollama = { target, manifest: null, keepAlive: undefined };
    if (isOllama(ollama)) return toOllama(exchange, context, ollama, value);
    exchange.json({
      license: '',
      modelfile: '',
      parameters: '',
      template: '',
      details: noDetails,
      model_info: { 'nanite.backend': target.backend.name, 'nanite.remote': target.backend.remote },
      capabilities: [],
      modified_at: context.startedAt,
    } satisfies OllamaShowResponse);
    return;
  }
  const { entry } = target;
  exchange.json(
    ollamaShow({ manifest: entry.manifest, record: await recordOf(entry) }, await templateOf(entry)),
  );
};
