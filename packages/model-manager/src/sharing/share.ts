import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import type { ExportRequest, StoredModel } from '@nanite/contracts';
import { NaniteError, writeAtomically } from '@nanite/kit';
import { exportModels, type PlacedFile } from './export';
import { isWithoutLinks, place, placeError } from './place';

type ManifestFile = StoredModel['manifest']['files'][number];

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function shareFile(model: StoredModel, file: ManifestFile, to: string): PlacedFile {
  const isThere = statSync(to, { throwIfNoEntry: false })?.size === file.size;
  // Through links of ours, so that a symbolic link points to the file itself.
  const from = realpathSync(join(model.path, file.path));
  return { path: to, how: isThere ? 'there' : place(from, to, true), size: file.size };
}

function write(path: string, text: string): void {
  try {
    mkdirSync(join(path, '..'), { recursive: true });
    writeAtomically(path, text, 0o644);
  } catch (error) {
    throw placeError(error, path);
  }
}

const refuse = (model: StoredModel, program: string, why: string): NaniteError =>
  new NaniteError('cannot-share', `${program} cannot use ${model.manifest.name}: ${why}`, { status: 422 });

/** Ollama's store: blobs by digest, texts as blobs of their own, a manifest under the model's name. */
function shareWithOllama(model: StoredModel, root: string): PlacedFile[] {
  const { manifest, record } = model;
  const weights = manifest.files.filter(({ role }) => role === 'weights');
  if (manifest.format !== 'gguf') throw refuse(model, 'Ollama', 'it is not GGUF');
  if (weights.length !== 1) throw refuse(model, 'Ollama', 'it is split into parts');
  const layers: Array<{ mediaType: string; digest: string; size: number }> = [];
  const blob = (digest: string): string => join(root, 'blobs', `sha256-${digest}`);
  const placed: PlacedFile[] = [];
  const kinds: Partial<Record<ManifestFile['role'], string>> = {
    weights: 'model',
    projector: 'projector',
    adapter: 'adapter',
  };
  for (const file of manifest.files) {
    const kind = kinds[file.role];
    if (kind === undefined) continue;
    placed.push(shareFile(model, file, blob(file.sha256)));
    const mediaType = `application/vnd.ollama.image.${kind}`;
    layers.push({ mediaType, digest: `sha256:${file.sha256}`, size: file.size });
  }
  const text = (kind: string, value: string): void => {
    write(blob(sha256(value)), value);
    const mediaType = `application/vnd.ollama.image.${kind}`;
    layers.push({ mediaType, digest: `sha256:${sha256(value)}`, size: Buffer.byteLength(value) });
  };
  if (record.goTemplate !== null) text('template', record.goTemplate);
  if (manifest.system !== null) text('system', manifest.system);
  if (Object.keys(manifest.parameters).length > 0) text('params', JSON.stringify(manifest.parameters));
  if (record.messages.length > 0) text('messages', JSON.stringify(record.messages));
  text('license', record.licenceText ?? manifest.licence);
  const config = JSON.stringify({
    model_format: 'gguf',
    model_family: manifest.family,
    model_families: [manifest.family],
    model_type: manifest.parameterSize,
    file_type: manifest.quantisation,
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
  });
  write(blob(sha256(config)), config);
  const [name = '', tag = 'latest'] = splitName(manifest.name);
  const parts = name.split('/');
  const path =
    parts.length === 1
      ? ['registry.ollama.ai', 'library', name]
      : parts.length === 2
        ? ['registry.ollama.ai', ...parts]
        : parts;
  write(
    join(root, 'manifests', ...path, tag),
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
      config: {
        mediaType: 'application/vnd.docker.container.image.v1+json',
        digest: `sha256:${sha256(config)}`,
        size: Buffer.byteLength(config),
      },
      layers,
    }),
  );
  return placed;
}

function splitName(full: string): [string, string] {
  const colon = full.lastIndexOf(':');
  return colon > full.lastIndexOf('/') ? [full.slice(0, colon), full.slice(colon + 1)] : [full, 'latest'];
}

/** Owner, repository and revision of a model that came from Hugging Face. */
function hubOrigin(source: string): { repository: string; revision: string | null } | null {
  const match = /^hf:\/\/([\w.-]+\/[\w.-]+?)(?:@([0-9a-f]{40}))?(?::|$)/.exec(source);
  return match === null ? null : { repository: match[1] ?? '', revision: match[2] ?? null };
}

/**
 * Hugging Face's cache: blobs by digest, and a snapshot of links to them. What did not come from a repository there is
 * put under nanite/<id>, and the revision is made of the model's own digest, so that each content has its own.
 */
function shareWithHuggingFace(model: StoredModel, root: string): PlacedFile[] {
  const { manifest } = model;
  const origin = hubOrigin(manifest.source);
  const repository = origin?.repository ?? `nanite/${manifest.id}`;
  const revision = origin?.revision ?? model.digest.slice(0, 40);
  const at = join(root, `models--${repository.replaceAll('/', '--')}`);
  const snapshot = join(at, 'snapshots', revision);
  const placed = manifest.files.map((file) => {
    const blob = join(at, 'blobs', file.sha256);
    const link = join(snapshot, file.path);
    if (statSync(link, { throwIfNoEntry: false })?.size === file.size) {
      return { path: link, how: 'there' as const, size: file.size };
    }
    const done = shareFile(model, file, blob);
    try {
      mkdirSync(snapshot, { recursive: true });
      rmSync(link, { force: true });
      symlinkSync(`../../blobs/${file.sha256}`, link);
    } catch (error) {
      if (!isWithoutLinks(error)) throw placeError(error, link);
      // As huggingface_hub does where there are no links (a stick): the snapshot has the file itself.
      renameSync(blob, link);
      return { ...done, path: link };
    }
    return done;
  });
  const main = join(at, 'refs', 'main');
  // What `main` means already is the hub's to say.
  if (!existsSync(main) || readFileSync(main, 'utf8') === '') write(main, revision);
  return placed;
}

/** LM Studio: publisher/repository/file, as it lists them. */
function shareWithLmStudio(model: StoredModel, root: string): PlacedFile[] {
  if (model.manifest.format !== 'gguf') throw refuse(model, 'LM Studio', 'it is not GGUF');
  const repository = hubOrigin(model.manifest.source)?.repository ?? `nanite/${model.manifest.id}`;
  return shareInto(model, join(root, repository));
}

/** Files under the model's id, by which they do not meet those of another model; parts of a split one keep their names. */
function shareInto(model: StoredModel, folder: string): PlacedFile[] {
  const { id, files } = model.manifest;
  const weights = files.filter(({ role }) => role === 'weights').length;
  return files.map((file) => {
    const plain = file.role === 'weights' && weights === 1 && file.path.endsWith('.gguf');
    const name = plain ? `${id}.gguf` : file.role === 'projector' ? `mmproj-${id}.gguf` : file.path;
    return shareFile(model, file, join(folder, name));
  });
}

function shareWithLlamaCpp(model: StoredModel, root: string): PlacedFile[] {
  if (model.manifest.format !== 'gguf') throw refuse(model, 'llama.cpp', 'it is not GGUF');
  const used = model.manifest.files.filter(({ role }) => ['weights', 'projector', 'adapter'].includes(role));
  return shareInto({ ...model, manifest: { ...model.manifest, files: used } }, root);
}

const sharers: Record<
  Exclude<ExportRequest['kind'], 'export'>,
  (model: StoredModel, root: string) => PlacedFile[]
> = {
  ollama: shareWithOllama,
  huggingface: shareWithHuggingFace,
  'lm-studio': shareWithLmStudio,
  'llama.cpp': shareWithLlamaCpp,
  folder: (model, root) => shareInto(model, join(root, model.manifest.id)),
};

/**
 * Put models of ours into a folder, an export or another program's store.
 *
 * @throws NaniteError `model-incomplete` 409, `cannot-share` 422, and what {@link place} and {@link exportModels} throw
 */
export async function shareModels(
  models: readonly StoredModel[],
  folder: string,
  kind: ExportRequest['kind'],
  report: (file: PlacedFile) => void = () => {},
): Promise<PlacedFile[]> {
  const damaged = models.find(({ missing }) => missing.length > 0);
  if (damaged !== undefined) {
    throw new NaniteError('model-incomplete', `files of ${damaged.manifest.name} are missing or damaged`, {
      hint: `nanite models verify ${damaged.manifest.name}`,
      status: 409,
    });
  }
  if (kind === 'export') return exportModels(models, folder, report);
  return models.flatMap((model) => {
    const placed = sharers[kind](model, folder);
    for (const file of placed) report(file);
    return placed;
  });
}
