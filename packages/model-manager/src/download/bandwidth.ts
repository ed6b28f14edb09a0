import { setTimeout as sleep } from 'node:timers/promises';
import { TokenBucket } from 'limiter';

/** Takes part of a shared allowance of bytes; resolves when they may pass. */
export type Allowance = (bytes: number, signal: AbortSignal) => Promise<void>;

const shared = new Map<number, Allowance>();

/**
 * The allowance that all downloads of this process with this limit share.
 *
 * @param bytesPerSecond null: no limit
 */
export function allowance(bytesPerSecond: number | null): Allowance | null {
  if (bytesPerSecond === null) return null;
  const made = shared.get(bytesPerSecond) ?? makeAllowance(bytesPerSecond);
  shared.set(bytesPerSecond, made);
  return made;
}

function makeAllowance(bytesPerSecond: number): Allowance {
  // A tenth of a second at once, so that a limit is smooth to others on the line and not a burst every second.
  const burst = Math.max(1, Math.floor(bytesPerSecond / 10));
  const bucket = new TokenBucket({
    bucketSize: burst,
    tokensPerInterval: bytesPerSecond,
    interval: 'second',
  });
  return async (bytes, signal) => {
    for (let rest = bytes; rest > 0;) {
      const share = Math.min(rest, burst);
      const wait = bucket.getWaitTime(share);
      if (wait > 0) await sleep(wait, undefined, { signal });
      if (bucket.tryRemoveTokens(share)) rest -= share;
    }
  };
}
