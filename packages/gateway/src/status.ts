import type { EngineStatus, GatewayModel, GatewayNotice, GatewayStatus } from '@nanite/contracts';
import type { Context, Handler } from './context';
import { defaultModelFor } from './default-model';
import { problemOf } from './http/problem';
import { ollamaVersion } from './ollama/listing';

async function localModels(context: Context): Promise<GatewayModel[]> {
  return (await context.catalogue.list()).map(({ manifest, sizeBytes, runnable, why }) => ({
    name: manifest.name,
    aliases: manifest.aliases,
    capabilities: manifest.capabilities,
    backend: 'local',
    sizeBytes,
    contextLength: manifest.contextLength,
    runnable,
    why,
  }));
}

async function backendModels(context: Context): Promise<GatewayModel[]> {
  const lists = await Promise.all(
    context.backends.usable.map(async (backend) =>
      (await backend.models()).map((model) => ({
        name: backend.nameOf(model),
        aliases: [],
        capabilities: [],
        backend: backend.name,
        sizeBytes: 0,
        contextLength: null,
        runnable: true,
        why: null,
      })),
    ),
  );
  return lists.flat();
}

const asNotice = (error: unknown): GatewayNotice => {
  const { code, message, hint } = problemOf(error);
  return { code, message, hint };
};

/** GET /nanite/v1/status */
export const status: Handler = async (exchange, context) => {
  const notices = [...context.notices];
  const engine: EngineStatus | null = await context.engine.status().catch((error: unknown) => {
    notices.push(asNotice(error));
    return null;
  });
  const [local, others, defaultModel] = await Promise.all([
    engine === null ? [] : localModels(context),
    backendModels(context),
    engine === null ? null : defaultModelFor(exchange.identity.uid, context),
  ]);
  const { broker, backends, counters } = context;
  const answer: GatewayStatus = {
    version: context.version,
    ollamaVersion,
    startedAt: context.startedAt,
    listeners: context.listeners,
    you: exchange.identity,
    notices,
    models: [...local, ...others],
    defaultModel,
    loaded: broker.view().map(({ id, worker: _, expiresAt, ...rest }) => ({
      model: context.catalogue.nameOf(id) ?? id,
      ...rest,
      expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
    })),
    backends: backends.all.map((backend) => ({
      name: backend.name,
      kind: backend.kind,
      url: backend.url,
      remote: backend.remote,
      state: backend.remote && !backends.remotesOn ? 'off' : backend.state,
    })),
    engine,
    memoryBudgetBytes: engine?.memoryBudgetBytes ?? null,
    // This request is not counted.
    requests: { running: counters.running - 1, waiting: broker.waiting, served: counters.served },
  };
  exchange.json(answer);
};

let document: string | undefined;

/** GET /openapi.json, made when it is first asked for. */
export const openapi: Handler = async (exchange, context) => {
  document ??= JSON.stringify((await import('./openapi')).openApiDocument(context.version));
  exchange.text(document, 'application/json; charset=utf-8');
};
