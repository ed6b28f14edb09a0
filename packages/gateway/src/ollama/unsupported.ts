import { NaniteError } from '@nanite/kit';
import type { Handler } from '../context';

/** Endpoints of Ollama's that change which models are there. */
const what: Record<string, string> = {
  '/api/pull': 'pulling a model',
  '/api/push': 'pushing a model',
  '/api/create': 'creating a model',
  '/api/copy': 'copying a model',
  '/api/delete': 'deleting a model',
  '/api/blobs': 'uploading a blob',
};

/** The truthful answer to them until the model manager is there: nothing was done. */
export const needsModelManager: Handler = (exchange) => {
  const key = exchange.path.split('/').slice(0, 3).join('/');
  throw new NaniteError(
    'no-model-manager',
    `${what[key] ?? exchange.path} needs the model manager, which is not installed`,
    {
      status: 501,
      hint: 'models come as packages: apt search nanite-model-',
    },
  );
};
