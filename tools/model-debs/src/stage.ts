import { constants, copyFileSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ModelManifest } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { fetchSource, type FetchOptions } from '@nanite/sources';
import { readGgufMetadata } from '@nanite/gguf';
import { checkLicence } from './licence';
import { originOf, type PackagedModel, pinnedFiles, readModel } from './model';

/** What the file itself says must be what the manifest says. @throws NaniteError `bad-model` */
function checkGguf(model: PackagedModel, path: string): void {
  const metadata = readGgufMetadata(path);
  const family = String(metadata.get('general.architecture'));
  const context = Number(metadata.get(`${family}.context_length`));
  if (model.manifest.family !== family || model.manifest.contextLength !== context) {
    throw new NaniteError(
      'bad-model',
      `model.json says ${model.manifest.family} with a context of ${model.manifest.contextLength}, ` +
        `the weights say ${family} with ${context}`,
    );
  }
}

/**
 * Fetch a packaged model and lay it out as it will be installed: `<folder>/dist/<id>/{manifest.json, files}`.
 *
 * The result depends on model.json and the pinned files alone.
 * @throws NaniteError `bad-model`, `licence-refused`, and what fetchSource throws (`hash-mismatch`, …)
 * @returns the folder that was made
 */
export async function stageModel(folder: string, options: FetchOptions = {}): Promise<string> {
  const model = readModel(folder);
  const { files: paths } = await fetchSource(model.source, options);
  checkLicence(model, folder, paths);

  const dist = join(folder, 'dist');
  const partial = join(dist, `.${model.manifest.id}.partial`);
  const place = join(dist, model.manifest.id);
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  const files = model.files.map(({ from, path, role }) => {
    const source = paths[from]!;
    if (role === 'weights' && model.manifest.format === 'gguf') checkGguf(model, source);
    copyFileSync(source, join(partial, path), constants.COPYFILE_FICLONE);
    const pinned = pinnedFiles(model.source).find((file) => file.path === from)!;
    return { role, path, sha256: pinned.sha256, size: statSync(source).size };
  });
  const manifest = ModelManifest.parse({
    ...model.manifest,
    licence: model.licence.id,
    files,
    source: originOf(model.source),
    modifiedAt: model.published,
  });
  writeFileSync(join(partial, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  renameSync(partial, place);
  return place;
}
