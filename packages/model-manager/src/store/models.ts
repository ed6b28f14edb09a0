import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, type BigIntStats } from 'node:fs';
import { join } from 'node:path';
import { ModelManifest, ModelRecord, type StoredModel } from '@nanite/contracts';
import { describeError, type Log } from '@nanite/kit';
import { reservedNames } from './layout';

interface Read {
  stamp: string;
  manifest: ModelManifest;
  record: ModelRecord;
  digest: string;
  sizeBytes: number;
}

/**
 * The models in the store and those from packages, read from their folders each time: there is no index that could say
 * something else. What is kept is only the parsed form of a manifest, under the inode, size and times of its file.
 */
export class Models {
  readonly #read = new Map<string, Read>();
  readonly #complained = new Set<string>();

  /** @param roots with their origin; a root named earlier wins where both have an id */
  constructor(
    private readonly roots: ReadonlyArray<{ path: string; origin: StoredModel['origin'] }>,
    private readonly log: Log,
  ) {}

  list(): StoredModel[] {
    const found = new Map<string, StoredModel>();
    const seen = new Set<string>();
    for (const { path: root, origin } of this.roots) {
      for (const id of folders(root)) {
        const path = join(root, id);
        seen.add(path);
        if (found.has(id)) continue;
        const model = this.at(path, id, origin);
        if (model !== null) found.set(id, model);
      }
    }
    for (const path of this.#read.keys()) if (!seen.has(path)) this.#read.delete(path);
    return [...found.values()].sort((a, b) => (a.manifest.id < b.manifest.id ? -1 : 1));
  }

  /** The model of a folder; null where it holds none. */
  at(path: string, id: string, origin: StoredModel['origin']): StoredModel | null {
    try {
      const read = this.#parse(path, id);
      const missing = read.manifest.files
        .filter((file) => statSync(join(path, file.path), { throwIfNoEntry: false })?.size !== file.size)
        .map((file) => file.path);
      const { manifest, record, digest, sizeBytes } = read;
      return { manifest, record, origin, path, sizeBytes, digest, missing, fit: null };
    } catch (error) {
      this.#read.delete(path);
      if (!this.#complained.has(path)) {
        this.#complained.add(path);
        this.log.warning(`no usable model in ${path}`, { cause: describeError(error) });
      }
      return null;
    }
  }

  #parse(path: string, id: string): Read {
    const manifestPath = join(path, 'manifest.json');
    const recordPath = join(path, 'record.json');
    const recordAt = statSync(recordPath, { bigint: true, throwIfNoEntry: false });
    const stamp = `${stampOf(statSync(manifestPath, { bigint: true }))} ${recordAt ? stampOf(recordAt) : ''}`;
    const known = this.#read.get(path);
    if (known?.stamp === stamp) return known;
    const text = readFileSync(manifestPath);
    const manifest = ModelManifest.parse(JSON.parse(text.toString('utf8')));
    if (manifest.id !== id) throw new Error(`its id is ${manifest.id}`);
    if (manifest.files.some((file) => file.path.startsWith('/') || file.path.split('/').includes('..'))) {
      throw new Error('a file lies outside of its folder');
    }
    const read: Read = {
      stamp,
      manifest,
      record: ModelRecord.parse(
        recordAt ? JSON.parse(readFileSync(recordPath, 'utf8')) : { schema: 1, reference: null },
      ),
      digest: createHash('sha256').update(text).digest('hex'),
      sizeBytes: manifest.files.reduce((bytes, file) => bytes + file.size, 0),
    };
    this.#read.set(path, read);
    this.#complained.delete(path);
    return read;
  }
}

const stampOf = (at: BigIntStats): string => `${at.ino}-${at.size}-${at.mtimeNs}-${at.ctimeNs}`;

export function folders(root: string): string[] {
  try {
    return readdirSync(root, { withFileTypes: true })
      .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'))
      .map((entry) => entry.name)
      .filter((name) => !reservedNames.has(name));
  } catch {
    // No such root: nothing was installed there.
    return [];
  }
}
