import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ModelManifest, ModelRecord } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import type { Blobs } from './blobs';
import { exchange, syncFolder, writeNewFile } from './durable';
import { draftPrefix, type Layout } from './layout';

const gonePrefix = '.gone-';

/**
 * Make a model appear, whole, in one rename: its blobs are linked into a folder that nobody looks at, its manifest is on
 * the disk before the folder gets its name. A model that was there is replaced in the same instant.
 *
 * @param at the folder it becomes
 * @throws NaniteError `blob-missing` where a file that the manifest names is not in the store
 */
export function placeModel(
  layout: Layout,
  blobs: Blobs,
  at: string,
  model: { manifest: ModelManifest; record: ModelRecord },
): void {
  const draft = layout.draft();
  mkdirSync(draft, { mode: 0o755 });
  try {
    for (const file of model.manifest.files) {
      if (!blobs.has(file.sha256) || blobs.size(file.sha256) !== file.size) {
        throw new NaniteError('blob-missing', `the store has no blob sha256:${file.sha256}`, { status: 404 });
      }
      linkSync(blobs.path(file.sha256), join(draft, file.path));
    }
    writeNewFile(join(draft, layout.manifestName), `${JSON.stringify(model.manifest, null, 2)}\n`);
    writeNewFile(join(draft, layout.recordName), `${JSON.stringify(model.record, null, 2)}\n`);
    syncFolder(draft);
    mkdirSync(dirname(at), { recursive: true, mode: 0o755 });
    if (existsSync(at)) exchange(draft, at);
    else renameSync(draft, at);
    syncFolder(dirname(at));
  } finally {
    // After an exchange: what was there before.
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Make a folder disappear in one rename; its files go afterwards. One that is not there is no error. */
export function removeFolder(layout: Layout, path: string): void {
  if (!existsSync(path)) return;
  const gone = join(layout.root, `${gonePrefix}${randomBytes(8).toString('hex')}`);
  renameSync(path, gone);
  syncFolder(dirname(path));
  rmSync(gone, { recursive: true, force: true });
}

/** Remove what a process left that was killed: drafts that nobody has seen, and what was on its way out. */
export function sweep(layout: Layout): void {
  for (const name of readdirSync(layout.root)) {
    if (name.startsWith(draftPrefix) || name.startsWith(gonePrefix)) {
      rmSync(join(layout.root, name), { recursive: true, force: true });
    }
  }
  for (const name of readdirSync(layout.partial)) {
    if (name.startsWith('take-')) rmSync(join(layout.partial, name), { force: true });
  }
}
