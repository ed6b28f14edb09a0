import type { ModelManifest, StoredModel, UpdateEntry, UpdateRequest } from '@nanite/contracts';
import { describeError, NaniteError } from '@nanite/kit';
import pMap from 'p-map';
import type { ResolvedModel } from '../sources/resolved';
import type { Asked, Puller } from './pull';

/** Sources asked at once. */
const atOnce = 4;

/** What the sources of the store's models have now that is not here. Pinned models, and those made here, are left out. */
export async function listUpdates(puller: Puller, signal: AbortSignal): Promise<UpdateEntry[]> {
  const models = puller.store
    .list()
    .filter(({ origin, record }) => origin === 'store' && record.reference !== null && !record.pinned);
  return pMap(models, (model) => compare(puller, model, signal), { concurrency: atOnce, signal });
}

async function compare(puller: Puller, model: StoredModel, signal: AbortSignal): Promise<UpdateEntry> {
  const { id, name } = model.manifest;
  const entry: UpdateEntry = {
    model: id,
    name,
    changes: [],
    fetchBytes: 0,
    staged: puller.store.stagedOf(id) !== null,
    previous: puller.store.previousOf(id) !== null,
    error: null,
  };
  try {
    const { resolved } = await puller.resolve(requestOf(model), { signal, report: () => undefined });
    entry.changes = changesOf(model.manifest, resolved);
    const missing = resolved.files.filter(({ sha256 }) => sha256 === null || !puller.store.blobs.has(sha256));
    if (entry.changes.length > 0) {
      entry.fetchBytes = missing.some(({ size }) => size === null)
        ? null
        : missing.reduce((sum, { size }) => sum + (size ?? 0), 0);
    }
  } catch (error) {
    signal.throwIfAborted();
    entry.error = describeError(error);
  }
  return entry;
}

const requestOf = ({ record, manifest }: StoredModel) => ({
  reference: record.reference ?? '',
  name: manifest.name,
  insecure: record.insecure,
  token: null,
});

/** What differs between a model here and at its source, one sentence each. */
export function changesOf(manifest: ModelManifest, { files, hints }: ResolvedModel): string[] {
  const changes: string[] = [];
  const here = new Map(manifest.files.map((file) => [file.sha256, file]));
  for (const { name, role, sha256, size } of files) {
    if (sha256 !== null && here.delete(sha256)) continue;
    const before = [...here.values()].find((file) => file.role === role);
    if (before === undefined) changes.push(`${name} is new`);
    else if (sha256 !== null || (size !== null && size !== before.size)) {
      const now = sha256 === null ? `${size} bytes` : sha256.slice(0, 12);
      changes.push(
        `${name} changed: ${sha256 === null ? `${before.size} bytes` : before.sha256.slice(0, 12)} → ${now}`,
      );
    }
    // Neither a digest nor another size: nothing says that it changed.
    if (before !== undefined) here.delete(before.sha256);
  }
  // A template in the source's own words became a file here; the source does not list it.
  for (const { role, path } of here.values()) if (role !== 'template') changes.push(`${path} is gone`);
  if (hints.licence !== undefined && hints.licence !== manifest.licence) {
    changes.push(`the licence changed: ${manifest.licence} → ${hints.licence}`);
  }
  return changes;
}

/**
 * Stage a new version, make it current, or go back.
 *
 * @throws NaniteError `no-source` 409 for a model made here, `model-pinned` 409, `nothing-staged`, `nothing-before` 409,
 *   and what a pull throws
 */
export async function updateModel(
  puller: Puller,
  request: UpdateRequest,
  asked: Asked,
): Promise<{ model: string; result?: unknown }> {
  const { store } = puller;
  const model = store.find(request.model);
  const { id, name } = model.manifest;
  if (model.origin === 'package') {
    throw new NaniteError('from-package', `${name} came as a Debian package`, {
      status: 409,
      hint: 'apt upgrade brings its new version',
    });
  }
  if (request.action === 'switch') return { model: store.switchToStaged(id).manifest.id };
  if (request.action === 'back') return { model: store.switchBack(id).manifest.id };
  if (model.record.pinned) {
    throw new NaniteError('model-pinned', `${name} is pinned`, { status: 409, hint: 'unpin it first' });
  }
  if (model.record.reference === null) {
    throw new NaniteError('no-source', `${name} was made here and has no source`, { status: 409 });
  }
  const from = requestOf(model);
  const { resolved } = await puller.resolve(from, asked);
  const changes = changesOf(model.manifest, resolved);
  if (changes.length === 0) return { model: id, result: { changes } };
  const { manifest, record, release } = await puller.fetch(from, resolved, name, asked);
  try {
    asked.report({ status: 'writing manifest' });
    store.stage({ ...manifest, id, name, aliases: model.manifest.aliases }, record);
  } finally {
    release();
  }
  return { model: id, result: { changes } };
}
