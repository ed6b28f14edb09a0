import type { AnthropicModelList, OpenAiModel, OpenAiModelDeleted, OpenAiModelList } from '@nanite/contracts';
import type { Context, Handler } from '../context';
import { findTarget } from '../models/target';
import { removeModel } from '../ollama/change';

const seconds = (time: string): number => Math.floor(Date.parse(time) / 1000);

async function allModels(context: Context): Promise<OpenAiModel[]> {
  const local = (await context.catalogue.list()).map(({ manifest }) => ({
    id: manifest.name,
    object: 'model' as const,
    created: seconds(manifest.modifiedAt),
    owned_by: 'nanite',
  }));
  const others = (await context.backends.allNames()).map((id) => ({
    id,
    object: 'model' as const,
    created: seconds(context.startedAt),
    owned_by: id.startsWith('remote/') ? (id.split('/')[1] ?? 'remote') : (id.split('/')[0] ?? 'backend'),
  }));
  return [...local, ...others];
}

/** GET /v1/models, in the form of the API whose client asks. */
export const models: Handler = async (exchange, context) => {
  const data = await allModels(context);
  if (exchange.header('anthropic-version') === undefined) {
    exchange.json({ object: 'list', data } satisfies OpenAiModelList);
    return;
  }
  exchange.json({
    data: data.map(({ id, created }) => ({
      type: 'model',
      id,
      display_name: id,
      created_at: new Date(created * 1000).toISOString(),
    })),
    has_more: false,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  } satisfies AnthropicModelList);
};

/** GET /v1/models/{id} */
export const model: Handler = async (exchange, context) => {
  const id = decodeURIComponent(exchange.path.slice('/v1/models/'.length));
  exchange.model = id;
  const target = await findTarget(id, context.catalogue, context.backends);
  const created = target.kind === 'local' ? target.entry.manifest.modifiedAt : context.startedAt;
  const answer: OpenAiModel = {
    id,
    object: 'model',
    created: seconds(created),
    owned_by: target.kind === 'local' ? 'nanite' : target.backend.name,
  };
  exchange.json(
    exchange.header('anthropic-version') === undefined
      ? answer
      : { type: 'model', id, display_name: id, created_at: created },
  );
};

/** DELETE /v1/models/{id} */
export const deleteModel: Handler = async (exchange, context) => {
  const id = decodeURIComponent(exchange.path.slice('/v1/models/'.length));
  await removeModel(exchange, context, id);
  exchange.json({ id, object: 'model', deleted: true } satisfies OpenAiModelDeleted);
};
