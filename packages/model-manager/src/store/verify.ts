import { linkSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { VerifyReport } from '@nanite/contracts';
import type { Blobs } from './blobs';
import { syncFolder } from './durable';
import { hashFile } from './hash';
import type { Layout } from './layout';
import { holders } from './references';

export type Fault = VerifyReport['bad'][number]['what'];

/** Read a blob again. @returns null where it is what its name says */
export async function checkBlob(
  blobs: Blobs,
  file: { sha256: string; size: number | null },
  signal: AbortSignal,
  onProgress: (bytes: number) => void,
): Promise<Fault | null> {
  if (!blobs.has(file.sha256)) return 'missing';
  if (file.size !== null && blobs.size(file.sha256) !== file.size) return 'wrong-size';
  const { sha256 } = await hashFile(blobs.path(file.sha256), signal, onProgress);
  return sha256 === file.sha256 ? null : 'wrong-hash';
}

/**
 * Take a bad blob out of use: it leaves `blobs/`, and the models that link it lose the file, so that no engine opens it.
 */
export function withdraw(layout: Layout, blobs: Blobs, sha256: string): void {
  for (const { path, manifest } of holders(layout)) {
    for (const file of manifest?.files ?? []) {
      if (file.sha256 === sha256) rmSync(join(path, file.path), { force: true });
    }
  }
  if (blobs.has(sha256)) blobs.setAside(sha256);
}

/** Link a good blob into every model that names it and has another file, or none, in its place. */
export function relink(layout: Layout, blobs: Blobs, sha256: string): void {
  const { ino } = statSync(blobs.path(sha256));
  for (const { path, manifest } of holders(layout)) {
    for (const file of manifest?.files ?? []) {
      if (file.sha256 !== sha256) continue;
      const at = join(path, file.path);
      if (statSync(at, { throwIfNoEntry: false })?.ino === ino) continue;
      const draft = layout.draft();
      linkSync(blobs.path(sha256), draft);
      renameSync(draft, at);
      syncFolder(path);
    }
  }
}

/** Bring a blob back that is gone while a model still has the file, and has it right. */
export async function restoreFromModel(
  layout: Layout,
  blobs: Blobs,
  sha256: string,
  signal: AbortSignal,
): Promise<boolean> {
  for (const { path, manifest } of holders(layout)) {
    for (const file of manifest?.files ?? []) {
      const at = join(path, file.path);
      if (file.sha256 !== sha256 || statSync(at, { throwIfNoEntry: false }) === undefined) continue;
      if ((await hashFile(at, signal)).sha256 !== sha256) continue;
      linkSync(at, blobs.path(sha256));
      syncFolder(layout.blobs);
      return true;
    }
  }
  return false;
}
