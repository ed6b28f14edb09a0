import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ModelManifest, ModelRecord, type StoredModel } from '@nanite/contracts';
import { describeError, type Log } from '@nanite/kit';
import { folders, stampOf, unsettledMs } from './folders';
import type { Reading, Readings } from './readings';

/**
 * The models in the store and those from packages, looked for in their folders each time: there is no index that could
 * say something else. What is kept is only what was read from a folder, under the inode and times of it and its manifest:
 * whatever appears, disappears or is exchanged in a folder changes them.
 */
export class Models {
  readonly #complained = new Set<string>();

  /** @param roots with their origin; a root named earlier wins where both have an id */
  constructor(
    private readonly roots: ReadonlyArray<{ path: string; origin: StoredModel['origin'] }>,
    private readonly readings: Readings,
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
    this.readings.keepOnly(seen);
    return [...found.values()].sort((a, b) => (a.manifest.id < b.manifest.id ? -1 : 1));
  }

  /** The model of a folder; null where it holds none. */
  at(path: string, id: string, origin: StoredModel['origin']): StoredModel | null {
    try {
      const { manifest, record, digest, sizeBytes, missing } = this.#read(path, id);
      return { manifest, record, origin, path, sizeBytes, digest, missing, fit: null };
    } catch (error) {
      this.readings.delete(path);
      if (!this.#complained.has(path)) {
        this.#complained.add(path);
        this.log.warning(`no usable model in ${path}`, { cause: describeError(error) });
      }
      return null;
    }
  }

  #read(path: string, id: string): Reading {
    const manifestPath = join(path, 'manifest.json');
    const folder = statSync(path);
    const stamp = `${stampOf(folder)} ${stampOf(statSync(manifestPath))}`;
    const known = this.readings.get(path, stamp);
    if (known !== null) return known;
    const text = readFileSync(manifestPath);
    const manifest = ModelManifest.parse(JSON.parse(text.toString('utf8')));
    if (manifest.id !== id) throw new Error(`its id is ${manifest.id}`);
    if (manifest.files.some((file) => file.path.startsWith('/') || file.path.split('/').includes('..'))) {
      throw new Error('a file lies outside of its folder');
    }
    const reading: Reading = {
      stamp,
      manifest,
      record: recordIn(path),
      digest: createHash('sha256').update(text).digest('hex'),
      sizeBytes: manifest.files.reduce((bytes, file) => bytes + file.size, 0),
      missing: manifest.files
        .filter((file) => statSync(join(path, file.path), { throwIfNoEntry: false })?.size !== file.size)
        .map((file) => file.path),
    };
    if (Date.now() - folder.ctimeMs > unsettledMs) this.readings.set(path, reading);
    this.#complained.delete(path);
    return reading;
  }
}

function recordIn(path: string): ModelRecord {
  let text: string;
  try {
    text = readFileSync(join(path, 'record.json'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    // One of a package has none.
    return ModelRecord.parse({ schema: 1, reference: null });
  }
  return ModelRecord.parse(JSON.parse(text));
}
