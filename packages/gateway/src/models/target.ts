import type { ModelEntry } from '@nanite/contracts';
import { NaniteError, nearest } from '@nanite/kit';
import type { Backend } from '../backends/backend';
import type { Backends } from '../backends/registry';
import type { Catalogue } from './catalogue';
import { ollamaName } from './name';

/** Who answers for a model: a worker of ours, or a backend under the name that it knows. */
export type Target =
  | { kind: 'local'; name: string; entry: ModelEntry }
  | { kind: 'backend'; name: string; backend: Backend; model: string };

/**
 * Find who answers for a model's name: a model of this machine, `<backend>/<model>` of a server on this machine,
 * `remote/<backend>/<model>` of one elsewhere, or the bare name of a model that an Ollama on this machine has.
 *
 * @throws NaniteError `model-not-found` 404 with the nearest names; `remotes-off` 403
 */
export async function findTarget(given: string, catalogue: Catalogue, backends: Backends): Promise<Target> {
  const name = ollamaName(given);
  const entry = await catalogue.find(name);
  if (entry !== null) return { kind: 'local', name: entry.manifest.name, entry };
  const named = backends.named(name);
  if (named !== null) {
    if (named.backend.remote && !backends.remotesOn) {
      throw new NaniteError(
        'remotes-off',
        `${name} runs on another machine, and asking other machines is switched off`,
        {
          status: 403,
          hint: 'the administrator can set gateway.remotes: true',
        },
      );
    }
    return { kind: 'backend', name, ...named };
  }
  const fronted = await backends.byBareName(name);
  if (fronted !== null) return { kind: 'backend', name, ...fronted };
  throw notFound(name, [...catalogue.near(name), ...nearest(name, await backends.allNames())]);
}

function notFound(name: string, near: string[]): NaniteError {
  return new NaniteError('model-not-found', `model '${name}' not found`, {
    status: 404,
    hint: near.length > 0 ? `did you mean ${near.slice(0, 3).join(', ')}?` : 'see: nanite models',
  });
}
