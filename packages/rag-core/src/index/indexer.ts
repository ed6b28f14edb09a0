import { setTimeout as delay } from 'node:timers/promises';
import type { CollectionProgress } from '@nanite/contracts';
import { describeError, NaniteError } from '@nanite/kit';
import { Rules } from '../walk';
import { Watcher, type Followed } from '../watch';
import type { StoredCollection } from './collections';
import { applyMovesAndLosses, type Difference } from './difference';
import { indexFile, type Task } from './index-file';
import type { IndexParts, VectorWork } from './parts';
import { Root } from './root';

/** Files that are extracted at once; one more where a change that somebody made just now waits behind slow ones. */
const bulkAtOnce = 2;
const urgentAtOnce = 3;

/** Milliseconds until work that was held back is tried again. */
const retryMs = {
  restrained: 30_000,
  stumbled: 15_000,
  again: 200,
  vectors: 5_000,
  vectorsMost: 900_000,
  unwatched: 300_000,
};

/** So long after the last change it may be over. */
const quietMs = 30_000;

/** Whether an include means files or folders whose names begin with a dot. */
const namesHidden = (glob: string): boolean => /(^|\/|\{|,)\./.test(glob);

const key = (path: Buffer): string => path.toString('latin1');

/** A root with what there is to do for it. */
interface Job {
  root: Root;
  collection: StoredCollection;
  /** Look through all of it. */
  scan: boolean;
  scanning: boolean;
  /** Folders that changed. */
  changed: Map<string, Buffer>;
  /** Files that changed just now, and those of a scan, by path. */
  urgent: Map<string, Task>;
  pending: Map<string, Task>;
  /** Files that are being indexed. */
  running: Map<string, Task>;
}

/** For the time that is left. */
interface Pace {
  since: number;
  done: number;
}

/**
 * Keeps the index equal to the files: looks through folders once, then at what the kernel tells of, and indexes what
 * changed, what a person did just now first.
 *
 * Nothing is remembered about what is still to do: after a crash, comparing files and index finds it again.
 */
export class Indexer {
  private readonly jobs = new Map<number, Job>();
  private readonly watcher: Watcher;
  private readonly stop = new AbortController();
  private running = 0;
  private loop: Promise<void> | null = null;
  private wakeUp: (() => void) | null = null;
  private woken = false;
  private waiting: string | null = null;
  private stopped: string | null = null;
  private vectorsIdle = false;
  private vectorsRetry = retryMs.vectors;
  /** No attempt before this time, in milliseconds since 1970. */
  private vectorsAfter = 0;
  private embedding = false;
  /** Whether what computes or keeps vectors is down. */
  private vectorsDown = false;
  /** An error of a file that is none of the file's. */
  private failed: unknown = null;
  /** When something last happened, in milliseconds since 1970. */
  private stirred = Date.now();
  private pace: Pace = { since: 0, done: 0 };
  /** Passages that were given vectors, and how long that took without the pauses between. */
  private readonly embedPace = { milliseconds: 0, done: 0 };

  constructor(
    private readonly parts: IndexParts,
    /** Called where the index itself is damaged: only a new start helps. */
    private readonly onDamage: (error: unknown) => void = () => undefined,
  ) {
    this.watcher = new Watcher({
      changed: (folders, all) => {
        this.stirred = Date.now();
        for (const job of this.jobs.values()) {
          for (const folder of folders) {
            if (!job.root.concerns(folder)) continue;
            job.changed.set(key(folder), folder);
            if (all) job.scan = true;
          }
        }
        this.wake();
      },
    });
  }

  /** Begin, with these collections. */
  start(collections: readonly StoredCollection[]): void {
    this.set(collections);
    this.loop = this.run();
  }

  /** The collections are these from now on. What changed of them is looked through again. */
  set(collections: readonly StoredCollection[]): void {
    const wanted = new Map<number, { collection: StoredCollection; path: Buffer }>();
    for (const collection of collections) {
      for (const root of collection.roots) wanted.set(root.id, { collection, path: root.path });
    }
    for (const [id, job] of this.jobs) {
      if (wanted.has(id)) continue;
      this.jobs.delete(id);
      job.root.close();
    }
    for (const [id, { collection, path }] of wanted) {
      const before = this.jobs.get(id);
      const sameOptions =
        before !== undefined &&
        JSON.stringify(before.collection.options) === JSON.stringify(collection.options);
      if (sameOptions) {
        const resumed = before.collection.paused && !collection.paused;
        before.collection = collection;
        if (resumed) before.scan = true;
        continue;
      }
      before?.root.close();
      const rules = new Rules(collection.options);
      this.jobs.set(id, {
        root: new Root(id, collection.id, path, rules, this.parts.database, this.watcher),
        collection,
        scan: true,
        scanning: false,
        changed: new Map(),
        urgent: new Map(),
        pending: new Map(),
        running: new Map(),
      });
    }
    this.wake();
  }

  /** Look through all folders of a collection again. */
  rescan(collection: number): void {
    for (const job of this.jobs.values()) if (job.collection.id === collection) job.scan = true;
    this.wake();
  }

  /** Vectors are wanted or can be had again. */
  wakeVectors(): void {
    this.vectorsIdle = false;
    this.vectorsAfter = 0;
    this.wake();
  }

  get watch(): { folders: number; degraded: string | null } {
    return { folders: this.watcher.folders, degraded: this.watcher.degraded };
  }

  /** Whether there are files to keep watch over. */
  get active(): boolean {
    return [...this.jobs.values()].some(({ collection }) => !collection.paused);
  }

  /** Whether there is nothing to do but to listen. */
  get settled(): boolean {
    return (
      this.running === 0 &&
      [...this.jobs.values()].every(
        (job) =>
          job.collection.paused ||
          (!job.scan && !job.scanning && job.changed.size + job.urgent.size + job.pending.size === 0),
      )
    );
  }

  /**
   * Whether the service may end and leave it to another to wait for changes: nothing is left to do, all folders are
   * watched, and for a while nothing changed.
   */
  get resting(): boolean {
    const { vectors } = this.parts;
    const vectorsRest = vectors === null || this.vectorsIdle || this.vectorsDown;
    const quiet = Date.now() - this.stirred > quietMs;
    return this.settled && !this.embedding && vectorsRest && this.watcher.degraded === null && quiet;
  }

  /** What is to be followed while the service rests, and whether vectors are still wanted then. */
  get followed(): Followed & { vectorsWanted: boolean } {
    const jobs = [...this.jobs.values()].filter(({ collection }) => !collection.paused);
    const roots = jobs.map(({ root }) => root.followed);
    return {
      folders: roots.flatMap(({ folders }) => folders),
      roots,
      hidden: jobs.some(({ collection }) => collection.options.include.some(namesHidden)),
      vectorsWanted: this.parts.vectors !== null && !this.vectorsIdle,
    };
  }

  async progress(collection: StoredCollection): Promise<CollectionProgress> {
    const { database } = this.parts;
    const states = await database.all<{ state: string; count: number }>(
      'SELECT state, count(*) AS count FROM files WHERE collection = ? GROUP BY state',
      collection.id,
    );
    const counted = (state: string) => states.find((row) => row.state === state)?.count ?? 0;
    const chunks = await database.get<{ everything: number; embedded: number | null }>(
      'SELECT count(*) AS everything, sum(vector = 1) AS embedded FROM chunks WHERE collection = ?',
      collection.id,
    );
    const all = chunks?.everything ?? 0;
    const embedded = chunks?.embedded ?? 0;
    const jobs = [...this.jobs.values()].filter((job) => job.collection.id === collection.id);
    const tasks = jobs.flatMap((job) =>
      [job.pending, job.urgent, job.running].flatMap((map) => [...map.values()]),
    );
    const left = tasks.length;
    const unknown = tasks.filter(({ isNew }) => isNew).length;
    const indexed = counted('indexed');
    const aside = counted('aside');
    const embedding = all > embedded && this.parts.vectors !== null && !this.vectorsIdle;
    const absent = jobs.find(({ root }) => root.absent !== null);
    const found = { found: indexed + aside + unknown, indexed, aside };
    const report = (state: CollectionProgress['state'], why: string | null = null): CollectionProgress => ({
      state,
      why,
      files: found,
      chunks: { all, embedded },
      eta:
        state === 'indexing' || state === 'embedding' ? this.eta(left, embedding ? all - embedded : 0) : null,
    });
    if (collection.paused) return report('paused');
    if (this.stopped !== null) return report('stopped', this.stopped);
    if (jobs.some((job) => job.scan || job.scanning)) return report('scanning');
    if (left > 0) return this.waiting === null ? report('indexing') : report('waiting', this.waiting);
    if (absent !== undefined)
      return report('stopped', `${absent.root.path.toString()}: ${absent.root.absent}`);
    if (embedding && this.vectorsDown) return report('ready', 'searched by words only for now');
    return report(embedding ? 'embedding' : 'ready');
  }

  async close(): Promise<void> {
    this.stop.abort();
    this.watcher.close();
    this.wake();
    await this.loop;
    while (this.running > 0 || this.embedding) await this.sleep(null);
  }

  private eta(files: number, chunks: number): number | null {
    const seconds = (milliseconds: number, done: number, left: number): number | null =>
      left === 0 ? 0 : done === 0 ? null : (milliseconds / 1000 / done) * left;
    const forFiles = seconds(Date.now() - this.pace.since, this.pace.done, files);
    const forChunks = seconds(this.embedPace.milliseconds, this.embedPace.done, chunks);
    return forFiles === null || forChunks === null ? null : Math.round(forFiles + forChunks);
  }

  private wake(): void {
    this.woken = true;
    this.wakeUp?.();
  }

  /** @returns whether nothing woke it in the time */
  private async sleep(milliseconds: number | null): Promise<boolean> {
    if (!this.woken) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.wakeUp = resolve;
        if (milliseconds !== null) timer = setTimeout(resolve, milliseconds);
      });
      this.wakeUp = null;
      clearTimeout(timer);
    }
    const overslept = !this.woken;
    this.woken = false;
    return overslept;
  }

  private async run(): Promise<void> {
    const { signal } = this.stop;
    while (!signal.aborted) {
      try {
        await this.look();
        const waits = [await this.launch(), this.embed()];
        if (this.failed !== null) throw this.failed;
        // Where the kernel does not watch everything, time does.
        if (this.watcher.degraded !== null) waits.push(retryMs.unwatched);
        const [soonest] = waits.filter((wait) => wait !== null).sort((a, b) => a - b);
        const overslept = await this.sleep(soonest ?? null);
        if (overslept && this.settled && this.watcher.degraded !== null) {
          for (const job of this.jobs.values()) job.scan = true;
        }
      } catch (error) {
        if (signal.aborted) return;
        await this.stumble(error);
      }
    }
  }

  /** A full disk passes; a damaged database does not. */
  private async stumble(error: unknown): Promise<void> {
    const { signal } = this.stop;
    this.parts.log.error('indexing stopped', { cause: describeError(error) });
    this.stopped = error instanceof NaniteError ? error.message : describeError(error);
    if (error instanceof NaniteError && error.code === 'database-corrupt') this.onDamage(error);
    await delay(retryMs.stumbled, undefined, { signal }).catch(() => undefined);
    this.stopped = null;
    this.failed = null;
    // Whatever could not be done: a scan finds it again.
    for (const job of this.jobs.values()) job.scan = true;
  }

  private async look(): Promise<void> {
    const { signal } = this.stop;
    for (const job of [...this.jobs.values()]) {
      if (job.collection.paused) {
        if (job.changed.size > 0) job.scan = true;
        job.changed.clear();
        continue;
      }
      if (!job.scan && job.changed.size === 0) continue;
      const full = job.scan;
      const changed = [...job.changed.values()];
      job.scan = false;
      job.changed.clear();
      job.scanning = full;
      try {
        const difference = full ? await job.root.scan(signal) : await job.root.look(changed, signal);
        await this.take(job, difference, !full);
      } catch (error) {
        job.scan = true;
        throw error;
      } finally {
        job.scanning = false;
      }
    }
  }

  private async take(job: Job, difference: Difference, urgent: boolean): Promise<void> {
    if (this.jobs.get(job.root.id) !== job) {
      // It was removed or has other rules by now; what was looked at meanwhile is watched no longer.
      job.root.close();
      return;
    }
    if (difference.changed.length > 0) this.stirred = Date.now();
    await applyMovesAndLosses(this.parts.database, difference);
    if (this.running === 0 && difference.changed.length > 0) this.pace = { since: Date.now(), done: 0 };
    if (!urgent) job.pending.clear();
    for (const found of difference.changed) {
      const at = key(found.file.path);
      const task = { ...found, root: job.root.id, collection: job.collection.id };
      if (urgent) {
        job.pending.delete(at);
        job.urgent.set(at, task);
      } else if (!job.urgent.has(at)) {
        job.pending.set(at, task);
      }
    }
  }

  /** Begin what may run now; @returns milliseconds after which to try again, null: when something happens */
  private async launch(): Promise<number | null> {
    const jobs = [...this.jobs.values()].filter(({ collection }) => !collection.paused);
    const left = jobs.reduce((sum, job) => sum + job.pending.size + job.urgent.size, 0);
    if (left === 0) {
      this.waiting = null;
      return null;
    }
    const { wait, rest } = await this.parts.restraint(left);
    this.waiting = wait;
    for (const job of jobs) this.launchFrom(job, job.urgent, urgentAtOnce, rest);
    if (wait !== null) return retryMs.restrained;
    for (const job of jobs) this.launchFrom(job, job.pending, rest > 0 ? 1 : bulkAtOnce, rest);
    return null;
  }

  private launchFrom(job: Job, tasks: Map<string, Task>, atOnce: number, rest: number): void {
    for (const [at, task] of tasks) {
      if (this.running >= atOnce) return;
      if (job.running.has(at)) continue;
      tasks.delete(at);
      job.running.set(at, task);
      this.running += 1;
      void this.indexOne(job, at, task, rest);
    }
  }

  private async indexOne(job: Job, at: string, task: Task, rest: number): Promise<void> {
    const { signal } = this.stop;
    try {
      await indexFile(this.parts, task, signal);
      this.pace.done += 1;
      this.vectorsIdle = false;
      if (rest > 0) await delay(rest, undefined, { signal });
    } catch (error) {
      // Of a collection that was removed meanwhile nothing is wanted any more.
      if (!signal.aborted && this.jobs.get(job.root.id) === job) this.failed ??= error;
    } finally {
      job.running.delete(at);
      this.running -= 1;
      this.wake();
    }
  }

  /**
   * Let vectors be made beside everything else: a change of a file does not wait for them.
   *
   * @returns milliseconds after which to try again, null: when something happens
   */
  private embed(): number | null {
    const { vectors } = this.parts;
    if (vectors === null || this.embedding || this.vectorsIdle || !this.settled || this.waiting !== null)
      return null;
    const early = this.vectorsAfter - Date.now();
    if (early > 0) return early;
    this.embedding = true;
    this.embedSome(vectors)
      .catch((error: unknown) => {
        if (!this.stop.signal.aborted) this.failed ??= error;
      })
      .finally(() => {
        this.embedding = false;
        this.wake();
      });
    return null;
  }

  private async embedSome(vectors: VectorWork): Promise<void> {
    const began = Date.now();
    const done = await vectors.some(this.stop.signal);
    if (done > 0) {
      this.embedPace.milliseconds += Date.now() - began;
      this.embedPace.done += done;
      this.vectorsRetry = retryMs.vectors;
      this.vectorsDown = false;
      return;
    }
    this.vectorsDown = vectors.down;
    if (!vectors.down) {
      // Chunks may have come while it looked.
      const { database } = this.parts;
      this.vectorsIdle = (await database.get('SELECT 1 FROM chunks WHERE vector = 0 LIMIT 1')) === undefined;
      this.vectorsAfter = Date.now() + retryMs.again;
      return;
    }
    // What computes or keeps them is down. It is asked again, less and less often.
    this.vectorsRetry = Math.min(this.vectorsRetry * 2, retryMs.vectorsMost);
    this.vectorsAfter = Date.now() + this.vectorsRetry;
  }
}
