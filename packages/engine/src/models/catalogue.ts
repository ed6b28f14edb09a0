import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ModelManifest, stagedName } from '@nanite/contracts';
import { describeError, NaniteError, nearest, type Log } from '@nanite/kit';

/** A model that is installed. */
export interface InstalledModel {
  manifest: ModelManifest;
  /** Folder of its manifest. */
  path: string;
  /** A new version that the store keeps beside the current one, under another id and name. */
  staged: boolean;
}

/**
 * The models in the given roots: each folder with a manifest.json is one. A root named earlier wins.
 *
 * A folder that is not a model is reported to the log and left out: one bad download must not hide the others.
 */
export function installedModels(roots: readonly string[], log: Log): InstalledModel[] {
  const models = new Map<string, InstalledModel>();
  const places = [
    ...roots.map((root) => ({ root, staged: false })),
    // Where the model store keeps what `nanite models update` has fetched, to be tried before it is made current.
    ...roots.map((root) => ({ root: join(root, '.staged'), staged: true })),
  ];
  for (const { root, staged } of places) {
    for (const folder of folders(root)) {
      const path = join(root, folder);
      try {
        const manifest = ModelManifest.parse(JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')));
        if (manifest.id !== folder) throw new Error(`its id is ${manifest.id}, its folder ${folder}`);
        if (manifest.files.some((file) => file.path.startsWith('/') || file.path.split('/').includes('..'))) {
          throw new Error('a file lies outside of its folder');
        }
        // A package that is being unpacked, or was not to its end, may have its manifest before its weights.
        const missing = manifest.files.find((file) => !existsSync(join(path, file.path)));
        if (missing) throw new Error(`${missing.path} is missing`);
        const named = staged ? underStagedName(manifest) : manifest;
        if (!models.has(named.id)) models.set(named.id, { manifest: named, path, staged });
      } catch (error) {
        log.warning(`no usable model in ${path}`, { cause: describeError(error) });
      }
    }
  }
  return [...models.values()].sort((a, b) => (a.manifest.id < b.manifest.id ? -1 : 1));
}

const underStagedName = (manifest: ModelManifest): ModelManifest => ({
  ...manifest,
  id: stagedName(manifest.id),
  name: stagedName(manifest.name),
  aliases: [],
});

/** Folders with a manifest, for the store keeps others beside its models; and links, whose target may be gone. */
function folders(root: string): string[] {
  try {
    return readdirSync(root, { withFileTypes: true })
      .filter(({ name }) => !name.startsWith('.'))
      .filter(
        (entry) =>
          entry.isSymbolicLink() ||
          (entry.isDirectory() && existsSync(join(root, entry.name, 'manifest.json'))),
      )
      .map(({ name }) => name);
  } catch {
    // No such root: nothing was installed there.
    return [];
  }
}

/** @throws NaniteError `model-not-found`, with the nearest ids */
export function findModel(models: readonly InstalledModel[], id: string): InstalledModel {
  const found = models.find((model) => model.manifest.id === id);
  if (found) return found;
  const near = nearest(
    id,
    models.map((model) => model.manifest.id),
  );
  throw new NaniteError('model-not-found', `no model ${id} is installed`, {
    status: 404,
    hint: near.length > 0 ? `there is ${near.join(', ')}` : undefined,
  });
}

/** Path of the first file of a role; null where the model has none. */
export function fileOf(model: InstalledModel, role: ModelManifest['files'][number]['role']): string | null {
  const file = model.manifest.files.find((candidate) => candidate.role === role);
  return file ? join(model.path, file.path) : null;
}

export const sizeOf = (model: InstalledModel): number =>
  model.manifest.files.reduce((bytes, file) => bytes + file.size, 0);
