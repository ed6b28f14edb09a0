import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DiskUsage, GarbageReport, ModelManifest, ModelRecord, StoredModel } from '@nanite/contracts';
import { NaniteError, writeAtomically, type Log } from '@nanite/kit';
import { Blobs } from './blobs';
import { exchange, syncFolder } from './durable';
import { find, lookUp } from './find';
import { Layout } from './layout';
import { lockStore } from './lock';
import { Models } from './models';
import { fullName, idOf } from './names';
import { Readings } from './readings';
import { references } from './references';
import { folderBytes, Space } from './space';
import { placeModel, removeFolder, sweep } from './transaction';

export interface StoreOptions {
  /** /var/lib/nanite/models */
  root: string;
  /** Where packages put models. */
  packages: string;
  quotaBytes: number | null;
  reserveBytes: number;
  log: Log;
}

/**
 * The models of this machine. One process writes; whoever can read the folders reads.
 *
 * Changes are made in one rename each, so that a process that is killed at any moment leaves the state before or after:
 * docs/decisions/0080.
 */
export class Store {
  readonly layout: Layout;
  readonly blobs: Blobs;
  readonly space: Space;
  readonly #models: Models;
  readonly #readings: Readings;
  readonly #held = new Map<string, number>();

  private constructor(
    options: StoreOptions,
    private readonly unlock: () => void,
  ) {
    this.layout = new Layout(options.root);
    this.blobs = new Blobs(this.layout);
    this.space = new Space(this.layout, options);
    this.#readings = new Readings(this.layout.readings);
    this.#models = new Models(
      [
        { path: options.root, origin: 'store' },
        { path: options.packages, origin: 'package' },
      ],
      this.#readings,
      options.log,
    );
  }

  /**
   * Open the store for writing, and remove what a killed process left half done.
   *
   * @throws NaniteError `store-locked` 503
   */
  static open(options: StoreOptions): Store {
    const layout = new Layout(options.root);
    for (const path of [layout.root, layout.blobs]) mkdirSync(path, { recursive: true, mode: 0o755 });
    mkdirSync(layout.partial, { recursive: true, mode: 0o700 });
    const unlock = lockStore(layout.lock);
    sweep(layout);
    return new Store(options, unlock);
  }

  close(): void {
    this.#readings.save();
    this.unlock();
  }

  list(): StoredModel[] {
    return this.#models.list();
  }

  /** @throws NaniteError `model-not-found` 404 */
  find(name: string): StoredModel {
    return find(this.list(), name);
  }

  lookUp(name: string): StoredModel | null {
    return lookUp(this.list(), name);
  }

  /** The folder that a model of this name has or will have. */
  idFor(name: string): string {
    const models = this.list();
    const own = models.find(
      (model) =>
        model.origin === 'store' && model.manifest.name.toLowerCase() === fullName(name).toLowerCase(),
    );
    if (own !== undefined) return own.manifest.id;
    const taken = new Set(models.map((model) => model.manifest.id));
    return idOf(name, (id) => taken.has(id) || existsSync(this.layout.model(id)));
  }

  /** Keep blobs from the collection of garbage while they are worked with. @returns ends it */
  hold(digests: readonly string[]): () => void {
    for (const digest of digests) this.#held.set(digest, (this.#held.get(digest) ?? 0) + 1);
    let done = false;
    return () => {
      if (done) return;
      done = true;
      for (const digest of digests) {
        const left = (this.#held.get(digest) ?? 1) - 1;
        if (left > 0) this.#held.set(digest, left);
        else this.#held.delete(digest);
      }
    };
  }

  /** Make a model current, in place of one of the same id; what it alone had is collected. */
  put(manifest: ModelManifest, record: ModelRecord): StoredModel {
    const before = this.#digestsOf(manifest.id);
    placeModel(this.layout, this.blobs, this.layout.model(manifest.id), { manifest, record });
    this.#collectAmong(before);
    return this.#current(manifest.id);
  }

  /** Keep a new version beside the current one, which stays what it is. */
  stage(manifest: ModelManifest, record: ModelRecord): void {
    const before = this.#digestsOf(manifest.id);
    placeModel(this.layout, this.blobs, join(this.layout.staged, manifest.id), { manifest, record });
    // What was staged before and never taken.
    this.#collectAmong(before);
  }

  stagedOf(id: string): StoredModel | null {
    return this.#aside(join(this.layout.staged, id), id);
  }

  previousOf(id: string): StoredModel | null {
    return this.#aside(join(this.layout.previous, id), id);
  }

  /** Make the staged version current; the current one becomes the previous. @throws NaniteError `nothing-staged` 409 */
  switchToStaged(id: string): StoredModel {
    const staged = join(this.layout.staged, id);
    const previous = join(this.layout.previous, id);
    if (!existsSync(staged)) {
      throw new NaniteError('nothing-staged', `no new version of ${id} was staged`, { status: 409 });
    }
    const before = this.#digestsOf(id);
    exchange(staged, this.layout.model(id));
    syncFolder(this.layout.root);
    // Killed here: the old version lies where the staged one was, and nothing is lost.
    mkdirSync(this.layout.previous, { recursive: true, mode: 0o755 });
    removeFolder(this.layout, previous);
    renameSync(staged, previous);
    syncFolder(this.layout.previous);
    this.#collectAmong(before);
    return this.#current(id);
  }

  /** Exchange the current version and the previous one. @throws NaniteError `nothing-before` 409 */
  switchBack(id: string): StoredModel {
    const previous = join(this.layout.previous, id);
    if (!existsSync(previous)) {
      throw new NaniteError('nothing-before', `there is no earlier version of ${id}`, { status: 409 });
    }
    exchange(previous, this.layout.model(id));
    syncFolder(this.layout.root);
    return this.#current(id);
  }

  /** @throws NaniteError `from-package` 409 */
  setRecord(model: StoredModel, change: Partial<ModelRecord>): StoredModel {
    refusePackage(model, 'changed');
    const record: ModelRecord = { ...model.record, ...change };
    writeAtomically(join(model.path, this.layout.recordName), `${JSON.stringify(record, null, 2)}\n`, 0o644);
    syncFolder(model.path);
    return this.#current(model.manifest.id);
  }

  /**
   * Remove a model, its staged and its previous version, and the blobs that nobody else has. A worker that runs keeps its
   * open files.
   *
   * @returns bytes that became free
   * @throws NaniteError `from-package`, `model-pinned` 409
   */
  remove(model: StoredModel): number {
    refusePackage(model, 'removed');
    if (model.record.pinned) {
      throw new NaniteError('model-pinned', `${model.manifest.name} is pinned`, {
        status: 409,
        hint: `nanite models unpin ${model.manifest.name}`,
      });
    }
    const { id } = model.manifest;
    const before = this.#digestsOf(id);
    // The current one first: once it is gone the model is gone, whatever happens to the rest.
    for (const path of [
      this.layout.model(id),
      join(this.layout.staged, id),
      join(this.layout.previous, id),
    ]) {
      removeFolder(this.layout, path);
    }
    return this.#collectAmong(before).freedBytes;
  }

  /** Remove every blob that no model and no job refers to, and what was left of downloads that nobody does any more. */
  collectGarbage(partsInUse: ReadonlySet<string>): GarbageReport {
    const report = this.#collectAmong(this.blobs.list());
    for (const name of readdirSync(this.layout.partial)) {
      if (partsInUse.has(name.replace(/\.(part|json)$/, '')) || name.startsWith('take-')) continue;
      const path = join(this.layout.partial, name);
      report.freedBytes += (statSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512;
      rmSync(path, { force: true });
    }
    if (existsSync(this.layout.bad)) {
      report.freedBytes += folderBytes(this.layout.bad);
      rmSync(this.layout.bad, { recursive: true, force: true });
    }
    return report;
  }

  /** Remove those of some blobs that no model and no job refers to. */
  discard(digests: readonly string[]): GarbageReport {
    return this.#collectAmong(digests);
  }

  usage(): DiskUsage {
    const { byDigest } = references(this.layout);
    const sizes = new Map(this.blobs.list().map((digest) => [digest, this.blobs.size(digest)]));
    const models = this.list().filter((model) => model.origin === 'store');
    const unused = [...sizes].filter(([digest]) => !byDigest.has(digest));
    const sum = (all: Iterable<number>): number => [...all].reduce((bytes, each) => bytes + each, 0);
    const partialBytes = folderBytes(this.layout.partial);
    return {
      totalBytes: sum(sizes.values()) + partialBytes,
      partialBytes,
      unreferencedBytes: sum(unused.map(([, size]) => size)),
      freeBytes: this.space.freeBytes(),
      quotaBytes: this.space.quotaBytes,
      models: models.map(({ manifest, sizeBytes }) => ({
        id: manifest.id,
        name: manifest.name,
        sizeBytes,
        ownBytes: sum(
          [...this.#digestsOf(manifest.id)]
            .filter((digest) => byDigest.get(digest)?.size === 1)
            .map((digest) => sizes.get(digest) ?? 0),
        ),
      })),
    };
  }

  #current(id: string): StoredModel {
    const model = this.#models.at(this.layout.model(id), id, 'store');
    if (model !== null) return model;
    throw new NaniteError('model-not-found', `there is no model ${id}`, { status: 404 });
  }

  #aside(path: string, id: string): StoredModel | null {
    return existsSync(path) ? this.#models.at(path, id, 'store') : null;
  }

  /** Blobs that any version of a model refers to. */
  #digestsOf(id: string): string[] {
    return [...references(this.layout).byDigest]
      .filter(([, users]) => users.has(id))
      .map(([digest]) => digest);
  }

  #collectAmong(digests: readonly string[]): GarbageReport {
    const { byDigest, inodes } = references(this.layout);
    const report: GarbageReport = { blobs: 0, freedBytes: 0 };
    for (const digest of digests) {
      if (byDigest.has(digest) || this.#held.has(digest) || !this.blobs.has(digest)) continue;
      if (inodes.has(statSync(this.blobs.path(digest)).ino)) continue;
      report.freedBytes += this.blobs.remove(digest);
      report.blobs += 1;
    }
    return report;
  }
}

function refusePackage(model: StoredModel, what: string): void {
  if (model.origin !== 'package') return;
  throw new NaniteError(
    'from-package',
    `${model.manifest.name} came as a Debian package and is not ${what} here`,
    {
      status: 409,
      hint: `dpkg -S ${model.path} says which; apt removes it`,
    },
  );
}
