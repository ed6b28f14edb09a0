import type {
  CreateRequest,
  ModelCapability,
  ModelManifest,
  ModelRecord,
  StoredModel,
} from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { join } from 'node:path';
import { fromTemplate } from '../gate/capabilities';
import { jinjaFromGo } from '../modelfile/go-template';
import { fullName, type Store } from '../store';
import { manifestOf, withoutSenses, type CheckedFile } from './manifest';
import type { Asked, Puller } from './pull';
import { quantisationType, quantise } from './quantise';
import { isJinja } from './template';
import { storeText } from './text-blob';

type Role = ModelManifest['files'][number]['role'];

/** Which part of a model a file is, by its name; the gate says whether weights are a projector or an adapter. */
function roleOf(name: string): Role {
  const last = name.split('/').at(-1) ?? name;
  if (last === 'tokenizer.json') return 'tokenizer';
  if (last === 'tokenizer_config.json') return 'tokenizer-config';
  if (last.endsWith('.jinja')) return 'template';
  if (last.endsWith('.json')) return 'config';
  return 'weights';
}

const blank: ModelRecord = {
  schema: 1,
  reference: null,
  trust: null,
  insecure: false,
  pinned: false,
  lineage: [],
  licenceText: null,
  goTemplate: null,
  messages: [],
  uid: null,
};

/**
 * Make a model from another one, or from blobs that were uploaded: Ollama's /api/create.
 *
 * @throws NaniteError what {@link quantise} throws; `model-not-found`, `blob-missing` 404; `refused-model`, `unsupported-template` 422
 */
export async function createModel(
  puller: Puller,
  request: CreateRequest,
  asked: Asked,
): Promise<StoredModel> {
  const type = request.quantize === undefined ? null : quantisationType(request.quantize);
  const { store } = puller;
  const releases: Array<() => void> = [];
  const keep = (digest: string) => void releases.push(store.hold([digest]));
  // Blobs of weights that were made, and of those they were made from, which the new model does not have.
  let made: string[] = [];
  let passing: string[] = [];
  try {
    const base = request.from === undefined ? null : store.find(request.from);
    if (base === null && Object.keys(request.files ?? {}).length === 0) {
      throw new NaniteError('bad-request', 'neither from nor files say what the model is made of', {
        status: 400,
      });
    }
    let files: CheckedFile[] = base === null ? [] : await filesOfModel(store, base, keep, asked);
    const given = [...Object.entries(request.files ?? {}), ...Object.entries(request.adapters ?? {})];
    for (const [name, digest] of given) {
      keep(digest.slice('sha256:'.length));
      files.push(uploaded(store, name, digest));
    }
    asked.report({ status: 'verifying sha256 digest' });
    await puller.check(files, asked.signal);
    files = withOneProjector(files);
    if (type !== null) {
      const before = files.map(({ sha256 }) => sha256);
      files = await quantise(puller, files, type, { again: request.requantize ?? false, keep }, asked);
      made = files.map(({ sha256 }) => sha256).filter((sha256) => !before.includes(sha256));
      passing = before;
      asked.report({ status: 'verifying sha256 digest' });
      await puller.check(files, asked.signal);
    }
    const name = fullName(request.model);
    const text = await takeTemplate(store, request.template, files, keep);
    const drawn = manifestOf(store.idFor(name), name, text.files, {
      source: base?.manifest.source ?? 'created here',
      hints: {},
    });
    // A package may say more of its model than the header does.
    const said = withoutSenses(base?.manifest.capabilities ?? []);
    const able = [...new Set([...drawn.capabilities, ...said])];
    const licence = request.license === undefined ? null : [request.license].flat().join('\n\n');
    const manifest: ModelManifest = {
      ...(base === null ? drawn : { ...base.manifest, files: drawn.files }),
      capabilities: underTemplate(able, text.replaced),
      ...(type !== null && { quantisation: drawn.quantisation, parameterSize: drawn.parameterSize }),
      id: drawn.id,
      name,
      aliases: [],
      parameters: { ...base?.manifest.parameters, ...request.parameters },
      system: request.system ?? base?.manifest.system ?? null,
      modifiedAt: drawn.modifiedAt,
    };
    const record: ModelRecord = {
      ...(base?.record ?? blank),
      pinned: false,
      lineage: base === null ? [] : [base.manifest.name, ...base.record.lineage],
      licenceText: licence ?? base?.record.licenceText ?? null,
      goTemplate: text.replaced !== null ? null : (base?.record.goTemplate ?? null),
      messages: request.messages ?? base?.record.messages ?? [],
      // Its source is the base, which is what an update would follow.
      reference: null,
      uid: asked.uid,
    };
    asked.report({ status: 'writing manifest' });
    return store.put(manifest, record);
  } finally {
    for (const release of releases) release();
    store.discard([...made, ...passing]);
  }
}

/** The same model under another name, its blobs shared. @throws NaniteError `model-not-found` 404 */
export async function copyModel(
  puller: Puller,
  source: string,
  destination: string,
  asked: Asked,
): Promise<StoredModel> {
  const { store } = puller;
  const base = store.find(source);
  const releases: Array<() => void> = [];
  try {
    const files = await filesOfModel(
      store,
      base,
      (digest) => void releases.push(store.hold([digest])),
      asked,
    );
    const name = fullName(destination);
    const paths = base.manifest.files;
    return store.put(
      {
        ...base.manifest,
        id: store.idFor(name),
        name,
        aliases: [],
        files: files.map((file, i) => ({ ...paths[i]!, sha256: file.sha256 })),
        modifiedAt: new Date().toISOString(),
      },
      { ...base.record, pinned: false, uid: asked.uid },
    );
  } finally {
    for (const release of releases) release();
  }
}

/** The files of a model as blobs; those of a package are taken into the store now. */
async function filesOfModel(
  store: Store,
  model: StoredModel,
  keep: (digest: string) => void,
  asked: Asked,
): Promise<CheckedFile[]> {
  const files: CheckedFile[] = [];
  for (const { role, path, sha256, size } of model.manifest.files) {
    keep(sha256);
    if (!store.blobs.has(sha256)) {
      const room = store.space.reserve(size);
      try {
        await store.blobs.take(join(model.path, path), sha256, { signal: asked.signal });
      } finally {
        room.release();
      }
    }
    files.push({ role, name: path, sha256, size, facts: null });
  }
  return files;
}

function uploaded(store: Store, name: string, digest: string): CheckedFile {
  const sha256 = digest.slice('sha256:'.length);
  if (!store.blobs.has(sha256)) {
    throw new NaniteError('blob-missing', `the blob ${digest} of ${name} was not uploaded`, {
      status: 404,
      hint: `POST it to /v1/blobs/${digest} first`,
    });
  }
  return { role: roleOf(name), name, sha256, size: store.blobs.size(sha256), facts: null };
}

/** Of several projectors the last: one that is given takes the place of the base's. */
function withOneProjector(files: CheckedFile[]): CheckedFile[] {
  const isProjector = ({ facts }: CheckedFile): boolean => facts?.role === 'projector';
  const last = files.findLast(isProjector);
  return files.filter((file) => !isProjector(file) || file === last);
}

async function takeTemplate(
  store: Store,
  template: string | undefined,
  files: CheckedFile[],
  keep: (digest: string) => void,
): Promise<{ files: CheckedFile[]; replaced: string | null }> {
  if (template === undefined || template === '') return { files, replaced: null };
  const jinja = isJinja(template) ? template : jinjaFromGo(template);
  const blob = await storeText(store, jinja);
  keep(blob.sha256);
  const others = files.filter(({ role }) => role !== 'template');
  return {
    files: [...others, { role: 'template', name: 'chat_template.jinja', ...blob, facts: null }],
    replaced: jinja,
  };
}

/** What a model can do by its template alone. */
const byTemplate: readonly ModelCapability[] = ['completion', 'chat', 'tools', 'thinking'];

/** What a model can do under another template: one that lists tools calls them. */
function underTemplate(capabilities: readonly ModelCapability[], template: string | null): ModelCapability[] {
  if (template === null) return [...capabilities];
  return [...fromTemplate(template), ...capabilities.filter((each) => !byTemplate.includes(each))];
}
