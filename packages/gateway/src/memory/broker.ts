import type { ModelEntry, Worker } from '@nanite/contracts';
import { NaniteError, type Log } from '@nanite/kit';
import { BusyError } from './busy';
import { inFairOrder, type Waiter } from './queue';
import {
  noWants,
  type AcquireOptions,
  type Engine,
  type Lease,
  type LoadedView,
  type QueueLimits,
  type Wants,
} from './types';

interface Loaded {
  id: string;
  state: 'loading' | 'ready' | 'stopping';
  worker: Worker | null;
  memoryBytes: number;
  running: number;
  keepAliveMs: number;
  /** Milliseconds since 1970 of the last release. */
  lastUsed: number;
  timer: ReturnType<typeof setTimeout> | null;
  expiresAt: number | null;
  /** No new requests: it must end for another model, or for other options of its own. */
  draining: boolean;
}

export interface BrokerOptions {
  engine: Engine;
  log: Log;
  queue: QueueLimits;
  keepAliveMs: number;
  /** Called whenever a request or a model ends. */
  onChange?: () => void;
}

/** A request that has waited this long for memory makes busy models finish what they do and go. */
const patienceMs = 5_000;

/** Why a model cannot run here, as the engine found it: too large, damaged, or what computes it is not installed. */
function cannotRun({ manifest, why, whyCode, whyStatus }: ModelEntry): NaniteError {
  const code = whyCode ?? 'model-too-large';
  return new NaniteError(code, `${manifest.name} cannot run here: ${why ?? 'unknown'}`, {
    status: whyStatus ?? 507,
    hint:
      code === 'model-too-large'
        ? 'nanite models search shows smaller ones, nanite models fit NAME what would run here'
        : undefined,
  });
}

const codeOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;

/** Whether a worker as it runs serves what a request wants, or must be started again with other options. */
export function serves(worker: Worker, wants: Wants): boolean {
  const { plan } = worker;
  return (
    (wants.context === null || plan.context >= wants.context) &&
    (wants.threads === null || plan.threads <= wants.threads) &&
    (wants.gpuLayers === null || plan.backend === 'cpu' || (plan.gpuLayers ?? Infinity) <= wants.gpuLayers)
  );
}

/**
 * Which models are in memory, and who may ask them now.
 *
 * A model is loaded only if its estimate fits beside the others in the engine's budget; if it does not, the idle one
 * that was used longest ago is stopped first. Requests past a worker's slots, or past memory, wait in one bounded queue.
 * Requests for a model that is loading share that one load. The broker knows no HTTP and no process: the engine starts
 * and stops workers.
 */
export class Broker {
  readonly #engine: Engine;
  readonly #log: Log;
  readonly #limits: QueueLimits;
  readonly #keepAliveMs: number;
  readonly #onChange: () => void;
  readonly #loaded = new Map<string, Loaded>();
  readonly #runningByUser = new Map<number, number>();
  #waiters: Waiter[] = [];
  #budget: number | null = null;
  /** Memory that a model was seen to need although its estimate said less, by id. */
  readonly #needs = new Map<string, number>();
  #averageMs = 1_000;
  #patience: ReturnType<typeof setTimeout> | null = null;
  #admitting = false;
  #admitAgain = false;

  constructor(options: BrokerOptions) {
    this.#engine = options.engine;
    this.#log = options.log;
    this.#limits = options.queue;
    this.#keepAliveMs = options.keepAliveMs;
    this.#onChange = options.onChange ?? (() => {});
  }

  /** Take over the workers that run already, such as after a restart of the gateway. */
  async adopt(): Promise<void> {
    for (const worker of (await this.#engine.workers()).workers) {
      if (worker.state === 'ready' && !this.#loaded.has(worker.id)) this.#take(worker);
    }
  }

  #take(worker: Worker): void {
    const loaded = this.#remember(worker.id, worker.plan.memoryBytes);
    loaded.state = 'ready';
    loaded.worker = worker;
    void this.#arm(loaded);
  }

  #remember(id: string, memoryBytes: number): Loaded {
    const loaded: Loaded = {
      id,
      state: 'loading',
      worker: null,
      memoryBytes,
      running: 0,
      keepAliveMs: this.#keepAliveMs,
      lastUsed: Date.now(),
      timer: null,
      expiresAt: null,
      draining: false,
    };
    this.#loaded.set(id, loaded);
    return loaded;
  }

  get waiting(): number {
    return this.#waiters.length;
  }

  /** Models that are in memory, or on their way in or out. */
  get size(): number {
    return this.#loaded.size;
  }

  view(): LoadedView[] {
    return [...this.#loaded.values()].map((loaded) => ({
      id: loaded.id,
      state: loaded.state,
      worker: loaded.worker,
      memoryBytes: loaded.memoryBytes,
      running: loaded.running,
      slots: loaded.worker?.plan.slots ?? 1,
      waiting: this.#waiters.filter((waiter) => waiter.entry.manifest.id === loaded.id).length,
      expiresAt: loaded.expiresAt,
    }));
  }

  /** Requests being answered, of all models together. */
  get running(): number {
    let running = 0;
    for (const loaded of this.#loaded.values()) running += loaded.running;
    return running;
  }

  /** The worker of a model if it is in memory and ready. */
  ready(id: string): Worker | null {
    const loaded = this.#loaded.get(id);
    return loaded?.state === 'ready' ? loaded.worker : null;
  }

  /**
   * Wait until the model is in memory and a slot is free.
   *
   * @throws BusyError where the queue is full or the wait took too long
   * @throws NaniteError why it cannot run here (`model-too-large` where it never fits, `backend-missing`); whatever the engine says of a model it refuses
   */
  acquire(entry: ModelEntry, options: AcquireOptions): Promise<Lease> {
    const wants = options.wants ?? noWants;
    const loaded = this.#loaded.get(entry.manifest.id);
    if (
      loaded !== undefined &&
      this.#waiters.length === 0 &&
      this.#isFree(loaded) &&
      loaded.worker !== null &&
      serves(loaded.worker, wants)
    ) {
      return Promise.resolve(this.#grant(loaded, loaded.worker, options.uid, options.keepAliveMs, 0));
    }
    if (options.signal?.aborted) return Promise.reject(options.signal.reason);
    if (!entry.runnable) return Promise.reject(cannotRun(entry));
    const full = this.#fullFor(options.uid);
    if (full !== null) return Promise.reject(full);
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timeout);
        options.signal?.removeEventListener('abort', onAbort);
        const at = this.#waiters.indexOf(waiter);
        if (at >= 0) this.#waiters.splice(at, 1);
      };
      const waiter: Waiter = {
        entry,
        wants,
        keepAliveMs: options.keepAliveMs,
        uid: options.uid,
        since: Date.now(),
        loadNs: 0,
        grant: (lease) => {
          leave();
          resolve(lease);
        },
        refuse: (error) => {
          leave();
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      };
      const timeout = setTimeout(() => {
        waiter.refuse(
          new BusyError(
            'queue-timeout',
            `no slot became free within ${this.#limits.seconds} s`,
            this.#retryAfter(),
          ),
        );
      }, this.#limits.seconds * 1000);
      const onAbort = () => {
        waiter.refuse(options.signal?.reason);
        this.#pump();
      };
      options.signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiters.push(waiter);
      this.#pump();
    });
  }

  /**
   * Stop a model as soon as nobody uses it. Resolves when it is gone; at once where somebody uses it still.
   *
   * @returns whether it was in memory
   */
  async unload(id: string): Promise<boolean> {
    const loaded = this.#loaded.get(id);
    if (loaded === undefined) return false;
    loaded.keepAliveMs = 0;
    if (loaded.state === 'ready' && loaded.running === 0) await this.#arm(loaded);
    return true;
  }

  /** A model has become another one: whoever asks from now on gets a worker that has loaded it again. */
  renew(id: string): void {
    const loaded = this.#loaded.get(id);
    if (loaded === undefined) return;
    loaded.draining = true;
    if (loaded.state === 'ready' && loaded.running === 0) void this.#stop(loaded);
  }

  #fullFor(uid: number): BusyError | null {
    if (this.#waiters.length >= this.#limits.length) {
      return new BusyError(
        'queue-full',
        `${this.#waiters.length} requests are already waiting for a model`,
        this.#retryAfter(),
      );
    }
    const own = this.#waiters.reduce((count, waiter) => count + (waiter.uid === uid ? 1 : 0), 0);
    if (own < this.#limits.perUser) return null;
    return new BusyError(
      'queue-full',
      `${own} of your requests are already waiting for a model`,
      this.#retryAfter(),
    );
  }

  /** Seconds after which a slot is likely to be free: the average request, times those ahead, over the slots. */
  #retryAfter(): number {
    const slots = [...this.#loaded.values()].reduce((sum, { worker }) => sum + (worker?.plan.slots ?? 0), 0);
    const seconds = (this.#averageMs * (this.#waiters.length + 1)) / Math.max(1, slots) / 1000;
    return Math.min(60, Math.max(1, Math.ceil(seconds)));
  }

  #isFree(loaded: Loaded): boolean {
    return (
      loaded.state === 'ready' &&
      !loaded.draining &&
      loaded.worker !== null &&
      loaded.running < loaded.worker.plan.slots
    );
  }

  #grant(
    loaded: Loaded,
    worker: Worker,
    uid: number,
    keepAliveMs: number | undefined,
    loadNs: number,
  ): Lease {
    loaded.running += 1;
    loaded.keepAliveMs = keepAliveMs ?? this.#keepAliveMs;
    this.#runningByUser.set(uid, (this.#runningByUser.get(uid) ?? 0) + 1);
    this.#disarm(loaded);
    const started = Date.now();
    let open = true;
    const close = (): boolean => {
      if (!open) return false;
      open = false;
      loaded.running -= 1;
      loaded.lastUsed = Date.now();
      this.#averageMs += (loaded.lastUsed - started - this.#averageMs) / 16;
      const running = (this.#runningByUser.get(uid) ?? 1) - 1;
      if (running === 0) this.#runningByUser.delete(uid);
      else this.#runningByUser.set(uid, running);
      return true;
    };
    return {
      worker,
      loadNs,
      release: () => {
        if (!close()) return;
        if (loaded.running === 0) void this.#arm(loaded);
        if (this.#waiters.length > 0) this.#pump();
        this.#onChange();
      },
      lost: () => {
        close();
        if (this.#loaded.get(loaded.id) === loaded) {
          this.#forget(loaded);
          this.#log.warning('a worker is gone', { model: loaded.id, pid: worker.pid });
        }
        this.#pump();
        this.#onChange();
      },
    };
  }

  #forget(loaded: Loaded): void {
    this.#disarm(loaded);
    if (this.#loaded.get(loaded.id) === loaded) this.#loaded.delete(loaded.id);
  }

  #disarm(loaded: Loaded): void {
    if (loaded.timer !== null) clearTimeout(loaded.timer);
    loaded.timer = null;
    loaded.expiresAt = null;
  }

  /** Let an idle model go when its time is over. Where that is now, the promise is of its end. */
  #arm(loaded: Loaded): Promise<void> | undefined {
    this.#disarm(loaded);
    if (loaded.state !== 'ready' || this.#loaded.get(loaded.id) !== loaded) return undefined;
    if (loaded.draining || loaded.keepAliveMs <= 0) {
      if (this.#waiters.some(({ entry, wants }) => this.#isFor(loaded, entry, wants))) return undefined;
      return this.#stop(loaded);
    }
    if (loaded.keepAliveMs === Infinity) return undefined;
    loaded.expiresAt = Date.now() + loaded.keepAliveMs;
    // Timers of more than 2^31 ms fire at once.
    loaded.timer = setTimeout(() => void this.#stop(loaded), Math.min(loaded.keepAliveMs, 2 ** 31 - 1));
    return undefined;
  }

  #isFor(loaded: Loaded, entry: ModelEntry, wants: Wants): boolean {
    return (
      entry.manifest.id === loaded.id &&
      !loaded.draining &&
      loaded.worker !== null &&
      serves(loaded.worker, wants)
    );
  }

  async #stop(loaded: Loaded): Promise<void> {
    if (loaded.state !== 'ready') return;
    this.#disarm(loaded);
    loaded.state = 'stopping';
    try {
      await this.#engine.stop(loaded.id);
    } catch (error) {
      // Its memory may still be taken; the engine's own list decides at the next admission.
      this.#log.warning('could not stop a worker', { model: loaded.id, error: String(error) });
    }
    this.#forget(loaded);
    this.#pump();
    this.#onChange();
  }

  /** Serve every waiter that can be served now, and see to it that the others will be. */
  #pump(): void {
    if (this.#serve()) void this.#admit();
  }

  /** Serve every waiter that can be served now. True where another waits for a model that is not in memory. */
  #serve(): boolean {
    let blocked = false;
    for (const waiter of inFairOrder(this.#waiters, (uid) => this.#runningByUser.get(uid) ?? 0)) {
      const loaded = this.#loaded.get(waiter.entry.manifest.id);
      if (loaded === undefined) {
        blocked = true;
      } else if (loaded.worker !== null && this.#isFree(loaded)) {
        if (serves(loaded.worker, waiter.wants)) {
          waiter.grant(this.#grant(loaded, loaded.worker, waiter.uid, waiter.keepAliveMs, waiter.loadNs));
        } else {
          loaded.draining = true;
          if (loaded.running === 0) void this.#stop(loaded);
        }
      }
    }
    return blocked;
  }

  /** Load the models that waiters want, as far as memory allows; one pass at a time. */
  async #admit(): Promise<void> {
    if (this.#admitting) {
      this.#admitAgain = true;
      return;
    }
    this.#admitting = true;
    try {
      do {
        this.#admitAgain = false;
        await this.#reconcile();
        // Reconciling may have found what somebody waits for.
        this.#serve();
        this.#admitOnce();
      } while (this.#admitAgain);
    } catch (error) {
      // The engine does not answer: whoever waits for a load is told so.
      for (const waiter of [...this.#waiters]) {
        if (!this.#loaded.has(waiter.entry.manifest.id)) waiter.refuse(error);
      }
    } finally {
      this.#admitting = false;
    }
  }

  /** The engine knows what really runs: workers that are gone are forgotten, unknown ones taken over. */
  async #reconcile(): Promise<void> {
    const [{ workers }, status] = await Promise.all([this.#engine.workers(), this.#engine.status()]);
    this.#budget = status.memoryBudgetBytes;
    const alive = new Set(workers.map(({ id }) => id));
    for (const loaded of [...this.#loaded.values()]) {
      if (loaded.state === 'ready' && loaded.running === 0 && !alive.has(loaded.id)) this.#forget(loaded);
    }
    for (const worker of workers) {
      if (worker.state === 'ready' && !this.#loaded.has(worker.id)) this.#take(worker);
    }
  }

  get budgetBytes(): number | null {
    return this.#budget;
  }

  #admitOnce(): void {
    const seen = new Set<string>();
    for (const waiter of inFairOrder(this.#waiters, (uid) => this.#runningByUser.get(uid) ?? 0)) {
      const { id, name } = waiter.entry.manifest;
      if (seen.has(id)) continue;
      seen.add(id);
      if (this.#loaded.has(id)) continue;
      const need = Math.max(waiter.entry.memoryBytes ?? 0, this.#needs.get(id) ?? 0);
      const budget = this.#budget ?? 0;
      if (need > budget) {
        this.#refuseAll(
          id,
          new NaniteError(
            'model-too-large',
            `${name} needs ${mebibytes(need)} of memory; models may take ${mebibytes(budget)} here`,
            { status: 507, hint: 'choose a smaller model or quantisation' },
          ),
        );
        continue;
      }
      const used = [...this.#loaded.values()].reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
      if (used + need <= budget) {
        void this.#load(waiter.entry, need);
        continue;
      }
      if (this.#makeRoom(waiter)) return;
    }
  }

  /** Stop the idle model used longest ago. True where the caller must wait for one to end. */
  #makeRoom(waiter: Waiter): boolean {
    const all = [...this.#loaded.values()];
    if (all.some(({ state }) => state === 'stopping')) return true;
    const wanted = new Set(this.#waiters.map(({ entry }) => entry.manifest.id));
    const idle = all
      .filter(({ state, running, id }) => state === 'ready' && running === 0 && !wanted.has(id))
      .sort((a, b) => a.lastUsed - b.lastUsed)[0];
    if (idle !== undefined) {
      this.#log.info('stopping a model to make room', { model: idle.id, for: waiter.entry.manifest.id });
      void this.#stop(idle);
      return true;
    }
    const waited = Date.now() - waiter.since;
    if (waited >= patienceMs) {
      const oldest = all
        .filter(({ state, draining }) => state === 'ready' && !draining)
        .sort((a, b) => a.lastUsed - b.lastUsed)[0];
      if (oldest !== undefined && !all.some(({ draining }) => draining)) {
        oldest.draining = true;
        if (oldest.running === 0) void this.#stop(oldest);
      }
    } else {
      this.#patience ??= setTimeout(() => {
        this.#patience = null;
        this.#pump();
      }, patienceMs - waited);
    }
    return false;
  }

  async #load(entry: ModelEntry, need: number): Promise<void> {
    const { id } = entry.manifest;
    const loaded = this.#remember(id, need);
    const mine = this.#waiters.filter((waiter) => waiter.entry.manifest.id === id);
    const started = process.hrtime.bigint();
    try {
      const worker = await this.#engine.start({ model: id, options: { slots: null, ...merged(mine) } });
      const loadNs = Number(process.hrtime.bigint() - started);
      loaded.state = 'ready';
      loaded.worker = worker;
      loaded.memoryBytes = worker.plan.memoryBytes;
      for (const waiter of this.#waiters) if (waiter.entry.manifest.id === id) waiter.loadNs = loadNs;
      this.#log.info('loaded a model', {
        model: id,
        milliseconds: Math.round(loadNs / 1e6),
        memoryBytes: loaded.memoryBytes,
      });
      this.#needs.delete(id);
      refuseUnservable(worker, mine);
      this.#pump();
      if (loaded.running === 0) void this.#arm(loaded);
    } catch (error) {
      this.#forget(loaded);
      this.#loadFailed(entry, need, error);
    }
    this.#onChange();
  }

  #loadFailed(entry: ModelEntry, need: number, error: unknown): void {
    const { id } = entry.manifest;
    if (codeOf(error) === 'no-memory' && this.#loaded.size > 0) {
      // The engine counts more closely than the estimate: make room as if it had said so, then try again.
      const used = [...this.#loaded.values()].reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
      this.#needs.set(id, Math.max(need, (this.#budget ?? 0) - used + 1));
      this.#log.info('no memory for a model yet', { model: id });
      this.#pump();
      return;
    }
    this.#needs.delete(id);
    if (codeOf(error) === 'no-memory') {
      const message = error instanceof Error ? error.message : String(error);
      this.#refuseAll(id, new BusyError('no-memory', message, 30));
    } else {
      this.#refuseAll(id, error);
    }
  }

  #refuseAll(id: string, error: unknown): void {
    for (const waiter of this.#waiters.filter(({ entry }) => entry.manifest.id === id)) waiter.refuse(error);
  }
}

/** A worker that comes up with less than was asked for would otherwise be restarted for ever. */
function refuseUnservable(worker: Worker, waiters: readonly Waiter[]): void {
  for (const waiter of waiters) {
    if (serves(worker, waiter.wants)) continue;
    waiter.refuse(
      new NaniteError(
        'no-memory',
        `${waiter.entry.manifest.name} runs with ${worker.plan.context} tokens of context here, not with the ` +
          `${waiter.wants.context ?? worker.plan.context} asked for`,
        { status: 503, hint: 'ask for a smaller num_ctx' },
      ),
    );
  }
}

/** The options of one worker that serves all who wait for it. */
function merged(waiters: readonly Waiter[]): {
  context: number | null;
  gpuLayers: number | null;
  threads: number | null;
} {
  const least = (values: Array<number | null>): number | null => {
    const given = values.filter((value) => value !== null);
    return given.length === 0 ? null : Math.min(...given);
  };
  const contexts = waiters.map(({ wants }) => wants.context).filter((value) => value !== null);
  return {
    context: contexts.length === 0 ? null : Math.max(...contexts),
    gpuLayers: least(waiters.map(({ wants }) => wants.gpuLayers)),
    threads: least(waiters.map(({ wants }) => wants.threads)),
  };
}

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;
