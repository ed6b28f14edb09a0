import type { StoredModel } from '@nanite/contracts';
import { NaniteError, nearest } from '@nanite/kit';
import { fullName } from './names';

const namesOf = ({ manifest }: StoredModel): string[] =>
  [manifest.name, ...manifest.aliases, manifest.id].map((name) => name.toLowerCase());

/** The model that a name or an id means; null where there is none. The store's come before those of packages. */
export function lookUp(models: readonly StoredModel[], name: string): StoredModel | null {
  const wanted = name.toLowerCase();
  const ordered = [...models].sort((a, b) => Number(a.origin === 'package') - Number(b.origin === 'package'));
  for (const candidate of [wanted, fullName(wanted)]) {
    const found = ordered.find((model) => namesOf(model).includes(candidate));
    if (found !== undefined) return found;
  }
  if (wanted.includes(':')) return null;
  // `smollm2` where only `smollm2:135m` is installed: there is nothing else it could mean.
  const tagged = ordered.filter(({ manifest }) => manifest.name.toLowerCase().startsWith(`${wanted}:`));
  return tagged.length === 1 ? (tagged[0] ?? null) : null;
}

/** @throws NaniteError `model-not-found` 404, with the nearest names */
export function find(models: readonly StoredModel[], name: string): StoredModel {
  const found = lookUp(models, name);
  if (found !== null) return found;
  const near = nearest(
    name,
    models.map((model) => model.manifest.name),
  );
  throw new NaniteError('model-not-found', `there is no model ${name}`, {
    status: 404,
    hint:
      near.length > 0
        ? `did you mean ${near.slice(0, 3).join(' or ')}?`
        : 'nanite models list shows what is installed',
  });
}
