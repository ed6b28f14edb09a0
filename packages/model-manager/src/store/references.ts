import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ModelManifest } from '@nanite/contracts';
import { folders } from './folders';
import type { Layout } from './layout';

/** A folder that holds, held or will hold a model, and the files that are in it. */
export interface Holder {
  id: string;
  path: string;
  /** Null where the manifest cannot be read: its files still count as used. */
  manifest: ModelManifest | null;
}

/** Every folder of the store that refers to blobs: current, staged and previous versions. */
export function holders(layout: Layout): Holder[] {
  return [layout.root, layout.staged, layout.previous].flatMap((root) =>
    folders(root).map((id) => ({ id, path: join(root, id), manifest: manifestIn(join(root, id)) })),
  );
}

function manifestIn(path: string): ModelManifest | null {
  try {
    return ModelManifest.parse(JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')));
  } catch {
    // Broken, or of a newer version of ours: a reader that does not understand must not collect what it uses.
    return null;
  }
}

/**
 * Which blobs are used, and by which models: those that manifests name, and those whose inode is linked into a folder.
 */
export function references(layout: Layout): {
  byDigest: Map<string, Set<string>>;
  inodes: Map<number, string>;
} {
  const byDigest = new Map<string, Set<string>>();
  const inodes = new Map<number, string>();
  for (const { id, path, manifest } of holders(layout)) {
    for (const file of manifest?.files ?? []) {
      const users = byDigest.get(file.sha256) ?? new Set();
      byDigest.set(file.sha256, users.add(id));
    }
    if (!existsSync(path)) continue;
    for (const name of readdirSync(path)) {
      const found = statSync(join(path, name), { throwIfNoEntry: false });
      if (found?.isFile()) inodes.set(found.ino, id);
    }
  }
  return { byDigest, inodes };
}
