import type { Summary } from '../statistics/quantile';

export type Address = { socketPath: string } | { host: '127.0.0.1'; port: number };

/** An open-loop load of one kind of request. Given to the generator's process as JSON. */
export interface LoadPlan {
  address: Address;
  path: string;
  headers?: Record<string, string>;
  body: unknown;
  /** Requests a second. */
  rate: number;
  seconds: number;
  /** Requests before the clock starts, one after the other. */
  warmUp: number;
  /** `kept`: connections are used again; `fresh`: one for each request. */
  connections: 'kept' | 'fresh';
  /** Requests under way at once; one more counts as failed. */
  mostOutstanding: number;
  timeoutSeconds: number;
}

/** Milliseconds throughout. */
export interface LoadResult {
  /** From when a request was due to the end of its answer. */
  latency: Summary;
  /** From when it was sent. */
  service: Summary;
  /** How much later than due the generator sent it: its own share of `latency`. */
  lateness: Summary;
  /** How many failed, by reason. */
  failures: Record<string, number>;
  mostOutstanding: number;
  generatorCpuSeconds: number;
}

/** Clients that read streamed answers one after the other. */
export interface StreamPlan {
  address: Address;
  path: string;
  body: unknown;
  clients: number;
  answersEach: number;
}

export interface StreamResult {
  /** Milliseconds from the worker's sending of a piece to its arrival. */
  chunk: Summary;
  chunks: number;
}
