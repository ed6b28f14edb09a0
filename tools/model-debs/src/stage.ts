import { createHash } from 'node:crypto';
import {
  constants,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ModelManifest } from '@nanite/contracts';
import { readGgufMetadata } from '@nanite/gguf';
import { NaniteError } from '@nanite/kit';
import { fetchSource, type FetchOptions } from '@nanite/sources';
import { conversions } from './convert';
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
 * Put a file of the model in its place.
 *
 * @returns its sha256
 * @throws NaniteError `hash-mismatch`: a conversion made something else than was pinned
 */
function layOut(
  model: PackagedModel,
  { from, convert }: PackagedModel['files'][number],
  source: string,
  place: string,
): string {
  if (convert === undefined) {
    copyFileSync(source, place, constants.COPYFILE_FICLONE);
    return pinnedFiles(model.source).find((file) => file.path === from)!.sha256;
  }
  const about = { name: model.manifest.name, licence: model.licence.id };
  const made = conversions[convert.by](readFileSync(source), about);
  const sha256 = createHash('sha256').update(made).digest('hex');
  if (sha256 !== convert.sha256) {
    throw new NaniteError(
      'hash-mismatch',
      `${convert.by} made something else of ${from} than was pinned\n  pinned: ${convert.sha256}\n  got:    ${sha256}`,
      {
        hint: 'if the conversion was changed on purpose, compare its vectors with the original before changing the pin',
      },
    );
  }
  writeFileSync(place, made);
  return sha256;
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
  const files = model.files.map((file) => {
    const { path, role } = file;
    const laid = join(partial, path);
    const sha256 = layOut(model, file, paths[file.from]!, laid);
    if (role === 'weights' && model.manifest.format === 'gguf') checkGguf(model, laid);
    return { role, path, sha256, size: statSync(laid).size };
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
