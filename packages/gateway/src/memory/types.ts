import type { EngineStatus, ModelEntry, Worker, WorkerRequest } from '@nanite/contracts';

/** What the broker asks of the engine; `EngineClient` of contracts is one. */
export interface Engine {
  models(): Promise<{ models: ModelEntry[] }>;
  workers(): Promise<{ workers: Worker[] }>;
  status(): Promise<EngineStatus>;
  start(request: WorkerRequest): Promise<Worker>;
  stop(id: string): Promise<void>;
}

/** What a request wants of the worker that answers it. Null: whatever is there. */
export interface Wants {
  /** Tokens of context, at least. */
  context: number | null;
  /** Layers on the GPU, at most. */
  gpuLayers: number | null;
  /** Threads, at most. */
  threads: number | null;
}

export const noWants: Wants = { context: null, gpuLayers: null, threads: null };

export interface AcquireOptions {
  wants?: Wants;
  /** Milliseconds that the model stays after this request; Infinity: for ever; undefined: the default. */
  keepAliveMs?: number;
  uid: number;
  /** Aborted when the client is gone: a request that waits leaves the queue. */
  signal?: AbortSignal;
}

/** The right to send one request to a worker. */
export interface Lease {
  readonly worker: Worker;
  /** Nanoseconds that loading the model took out of this request's wait; 0 where it was in memory. */
  readonly loadNs: number;
  /** Give the slot back. Safe to call twice. */
  release(): void;
  /** The worker is gone: forget it, so that the next request starts a new one. Also releases. */
  lost(): void;
}

export interface QueueLimits {
  length: number;
  perUser: number;
  seconds: number;
}

export interface LoadedView {
  id: string;
  state: 'loading' | 'ready' | 'stopping';
  worker: Worker | null;
  memoryBytes: number;
  running: number;
  slots: number;
  waiting: number;
  /** Milliseconds since 1970; null: not by itself, or in use. */
  expiresAt: number | null;
}
