import type { Worker, WorkerPlan } from '@nanite/contracts';
import type { Pool } from 'undici';
import type { Broker } from '../memory/broker';
import type { AcquireOptions } from '../memory/types';
import type { Speeds } from '../models/speeds';
import type { Target } from '../models/target';
import { UpstreamFailure, localResendMs, openSocketPool, type Upstream } from './client';

/** The right to send one request to whoever answers for a model. */
export interface Session {
  upstream: Upstream;
  /** Null for backends, which decide for themselves. */
  plan: WorkerPlan | null;
  loadNs: number;
  /** Told how long an answer took; it is remembered where no other request disturbed it. */
  answered(answer: { answerTokens: number; answerNs: number }): void;
  release(): void;
  lost(): void;
}

/** Connections to workers, kept while they live. */
export class WorkerPools {
  readonly #pools = new Map<string, { startedAt: string; pool: Pool }>();

  of(worker: Worker): Upstream {
    const key = worker.socket;
    let known = this.#pools.get(key);
    if (known === undefined || known.startedAt !== worker.startedAt) {
      known?.pool.destroy().catch(() => {});
      // One for each slot, and as many for the short questions (tokens of a text) that need no slot.
      known = { startedAt: worker.startedAt, pool: openSocketPool(worker.socket, worker.plan.slots * 2 + 2) };
      this.#pools.set(key, known);
    }
    return {
      name: `the worker of ${worker.id}`,
      pool: known.pool,
      headers: {},
      prefix: '',
      url: null,
      resendWithinMs: localResendMs,
    };
  }

  drop(worker: Worker): void {
    const known = this.#pools.get(worker.socket);
    if (known?.startedAt !== worker.startedAt) return;
    this.#pools.delete(worker.socket);
    known.pool.destroy().catch(() => {});
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map(({ pool }) => pool.destroy()));
    this.#pools.clear();
  }
}

export class Sessions {
  constructor(
    private readonly broker: Broker,
    private readonly pools: WorkerPools,
    private readonly speeds: Speeds,
    private readonly stopWorker: (id: string) => Promise<void>,
  ) {}

  /** For short questions to a worker that need no slot. */
  upstreamOf(worker: Worker): Upstream {
    return this.pools.of(worker);
  }

  /** @throws BusyError, or what the engine says of the model */
  async open(target: Target, options: AcquireOptions): Promise<Session> {
    if (target.kind === 'backend') {
      const leave = target.backend.enter();
      const { upstream } = target.backend;
      return { upstream, plan: null, loadNs: 0, answered: () => {}, release: leave, lost: leave };
    }
    const lease = await this.broker.acquire(target.entry, options);
    let alone = this.broker.running === 1;
    return {
      upstream: this.pools.of(lease.worker),
      plan: lease.worker.plan,
      loadNs: lease.loadNs,
      answered: ({ answerTokens, answerNs }) => {
        if (alone && this.broker.running === 1) this.speeds.saw(target.entry, answerTokens, answerNs);
        alone = false;
      },
      release: lease.release,
      lost: () => {
        this.pools.drop(lease.worker);
        lease.lost();
      },
    };
  }

  /**
   * Do something with a session and give it back.
   *
   * A worker that was not there when it was called (it ended while idle) is started again and called once more; one that
   * ends in the middle is forgotten, and the caller gets the error.
   */
  async use<T>(target: Target, options: AcquireOptions, act: (session: Session) => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      const session = await this.open(target, options);
      try {
        const result = await act(session);
        session.release();
        return result;
      } catch (error) {
        if (!(error instanceof UpstreamFailure)) {
          session.release();
          throw error;
        }
        session.lost();
        if (error.phase !== 'connect' || target.kind === 'backend' || attempt >= 2) throw error;
        // The engine may not have noticed yet that it is gone.
        if (attempt === 1) await this.stopWorker(target.entry.manifest.id).catch(() => {});
      }
    }
  }
}
