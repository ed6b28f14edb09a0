import type { ModelEntry } from '@nanite/contracts';
import type { Lease, Wants } from './types';

/** A request that waits for a slot of a worker, or for memory. */
export interface Waiter {
  entry: ModelEntry;
  wants: Wants;
  keepAliveMs: number | undefined;
  uid: number;
  /** Milliseconds since 1970. */
  since: number;
  /** Nanoseconds of the load that it waited for. */
  loadNs: number;
  grant(lease: Lease): void;
  refuse(error: unknown): void;
}

/**
 * The waiters in the order in which they should be served: whoever has the fewest requests running comes first, then who
 * came first. So a program that sends a thousand requests does not make another user wait for all of them.
 */
export function inFairOrder(waiters: readonly Waiter[], runningOf: (uid: number) => number): Waiter[] {
  return waiters
    .map((waiter, index) => ({ waiter, index, running: runningOf(waiter.uid) }))
    .sort((a, b) => a.running - b.running || a.index - b.index)
    .map(({ waiter }) => waiter);
}
