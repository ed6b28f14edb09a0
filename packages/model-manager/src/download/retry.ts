import { setTimeout as sleep } from 'node:timers/promises';
import { NaniteError } from '@nanite/kit';
import pRetry from 'p-retry';

/** The server asks to come back later, or broke off. */
export class TryAgain extends Error {
  constructor(
    message: string,
    /** Milliseconds, as the server said in Retry-After; null if it did not. */
    readonly afterMs: number | null = null,
  ) {
    super(message);
  }
}

/** Milliseconds that a Retry-After header asks for (RFC 9110, 10.2.3: seconds or a date); null if there is none. */
export function retryAfter(header: string | string[] | undefined, now = Date.now()): number | null {
  if (typeof header !== 'string' || header.trim() === '') return null;
  const seconds = Number(header);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now;
  return Number.isNaN(wait) ? null : Math.max(0, wait);
}

/** Nobody waits longer than this on a server's word. */
const longestWait = 5 * 60_000;

export interface RetryOptions {
  signal: AbortSignal;
  /** Milliseconds before the second try; doubles from then on, to half a minute at most. */
  firstDelay: number;
  /** Tries without any progress before it is given up. */
  retries: number;
  /** A measure of progress: while it grows, a failure does not count. */
  progress(): number;
}

/**
 * Try until it works. What is a NaniteError is final; all else is taken for the network's doing.
 *
 * @throws NaniteError, or `source-unreachable` (502) once nothing has arrived for all the retries
 */
export async function persist<T>(
  attempt: () => Promise<T>,
  { signal, firstDelay, retries, progress }: RetryOptions,
): Promise<T> {
  let before = progress();
  try {
    return await pRetry(attempt, {
      retries,
      minTimeout: firstDelay,
      maxTimeout: 30_000,
      factor: 2,
      randomize: true,
      signal,
      shouldRetry: ({ error }) => !(error instanceof NaniteError) && !signal.aborted,
      shouldConsumeRetry: () => {
        const now = progress();
        const stuck = now === before;
        before = now;
        return stuck;
      },
      onFailedAttempt: async ({ error }) => {
        if (error instanceof TryAgain && error.afterMs !== null) {
          await sleep(Math.min(error.afterMs, longestWait), undefined, { signal });
        }
      },
    });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof NaniteError) throw error;
    throw new NaniteError('source-unreachable', 'the download kept breaking off', {
      status: 502,
      hint: 'pull again later: it continues where it stopped',
      cause: error,
    });
  }
}
