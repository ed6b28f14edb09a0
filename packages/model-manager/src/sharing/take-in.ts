import type { ExportRequest, ImportRequest, ModelRecord } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { manifestOf, type CheckedFile } from '../pull/manifest';
import { isJinja } from '../pull/template';
import { storeText } from '../pull/text-blob';
import type { Asked, Puller } from '../pull';
import type { Outcome } from '../service/jobs';
import { fullName, type Taken } from '../store';
import type { FoundModel } from './found';
import { scan } from './scan';
import { shareModels } from './share';

/** A model as a dry run lists it. */
export const listing = ({ name, source, files }: FoundModel) => ({
  name,
  source,
  files: files.map(({ name: file, size }) => ({ name: file, size })),
  sizeBytes: files.reduce((sum, { size }) => sum + size, 0),
});

interface TakenModel {
  name: string;
  model: string;
  files: Array<{ name: string; how: Taken | 'there' }>;
}

/** Take a model over from another program: its bytes, hashed here; the gate; a manifest. */
async function takeIn(puller: Puller, found: FoundModel, asked: Asked): Promise<TakenModel> {
  const { store } = puller;
  const name = fullName(found.name);
  const here = store.lookUp(name);
  const isSame = found.files.every(({ sha256 }) =>
    here?.manifest.files.some((file) => file.sha256 === sha256),
  );
  if (here !== null && isSame) {
    return { name, model: here.manifest.id, files: found.files.map((file) => ({ ...file, how: 'there' })) };
  }
  const releases: Array<() => void> = [];
  const checked: CheckedFile[] = [];
  const files: TakenModel['files'] = [];
  try {
    for (const file of found.files) {
      asked.report({ status: `importing ${found.name}: ${file.name}`, total: file.size });
      const isHere = file.sha256 !== null && store.blobs.has(file.sha256);
      let taken: { sha256: string; size: number; how: Taken | 'there' };
      if (isHere && file.sha256 !== null) taken = { sha256: file.sha256, size: file.size, how: 'there' };
      else {
        store.space.admit(file.size);
        taken = await store.blobs.take(file.path, file.sha256, {
          // The store keeps a link only to what nobody else can write to: docs/decisions/0093.
          mayLink: true,
          signal: asked.signal,
          room: () => store.space.reserve(file.size),
        });
      }
      releases.push(store.hold([taken.sha256]));
      checked.push({ role: file.role, name: file.name, sha256: taken.sha256, size: taken.size, facts: null });
      files.push({ name: file.name, how: taken.how });
    }
    if (
      here !== null &&
      checked.some(({ sha256 }) => !here.manifest.files.some((f) => f.sha256 === sha256))
    ) {
      throw new NaniteError('name-taken', `there is already another model named ${name}`, {
        hint: 'rename it first: nanite models cp, then nanite models rm',
        status: 409,
      });
    }
    await puller.check(checked, asked.signal);
    const { template, system, parameters, license, messages } = found.texts;
    if (template !== undefined && isJinja(template) && !checked.some(({ role }) => role === 'template')) {
      const blob = await storeText(store, template);
      releases.push(store.hold([blob.sha256]));
      checked.push({ role: 'template', name: 'chat_template.jinja', ...blob, facts: null });
    }
    const manifest = manifestOf(store.idFor(name), name, checked, {
      source: found.source,
      hints: { ...(system !== undefined && { system }), ...(parameters !== undefined && { parameters }) },
    });
    const record: ModelRecord = {
      schema: 1,
      reference: null,
      trust: found.files.every(({ sha256 }) => sha256 !== null) ? 'source' : 'first-use',
      insecure: false,
      pinned: false,
      lineage: [],
      licenceText: license === undefined ? null : [license].flat().join('\n\n'),
      goTemplate: template !== undefined && !isJinja(template) ? template : null,
      messages: messages ?? [],
      uid: asked.uid,
    };
    return { name, model: store.put(manifest, record).manifest.id, files };
  } finally {
    for (const release of releases) release();
    if (store.lookUp(name) === null) store.discard(checked.map(({ sha256 }) => sha256));
  }
}

/**
 * Import what the service itself can read. A model that is refused does not keep the others out.
 *
 * @throws NaniteError of the first refused model where none was taken; what {@link scan} throws
 */
export async function importInto(puller: Puller, request: ImportRequest, asked: Asked): Promise<Outcome> {
  const { kind, models } = scan(request.path, request.kind, request.models);
  if (request.dryRun) return { result: { kind, models: models.map(listing) } };
  const taken: TakenModel[] = [];
  const refused: Array<{ name: string; code: string; message: string }> = [];
  let first: unknown = null;
  for (const model of models) {
    asked.signal.throwIfAborted();
    try {
      taken.push(await takeIn(puller, model, asked));
    } catch (error) {
      if (!(error instanceof NaniteError)) throw error;
      first ??= error;
      refused.push({ name: model.name, code: error.code, message: error.message });
    }
  }
  if (taken.length === 0 && first !== null) throw first;
  const [only] = taken;
  return {
    ...(taken.length === 1 && only !== undefined && { model: only.model }),
    result: { kind, models: taken, refused },
  };
}

/** Put models where the service itself may write. For a person's own folders there is `program.ts`. */
export async function exportFrom(puller: Puller, request: ExportRequest, asked: Asked): Promise<Outcome> {
  const models = request.models.map((name) => puller.store.find(name));
  const files = await shareModels(models, request.path, request.kind, ({ path, how, size }) =>
    asked.report({ status: `${how} ${path}`, total: size, completed: size }),
  );
  return { result: { files } };
}
