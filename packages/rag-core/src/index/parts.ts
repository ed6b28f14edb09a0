import type { Extractor } from '../extract/extractor';
import type { Database } from '../store';
import type { Log } from '@nanite/kit';

/** Makes vectors of chunks and keeps them where they are searched. */
export interface VectorWork {
  /**
   * Bring the vectors of some chunks up to date.
   *
   * @returns how many were done; 0: nothing was left when it looked, or it is down
   */
  some(signal: AbortSignal): Promise<number>;
  /** What the last run left is whole: nothing need be compared before there is something to do. */
  trust?(): void;
  /** Whether something that it needs did not answer at the last step. */
  readonly down: boolean;
}

/** What indexing is made of. */
export interface IndexParts {
  database: Database;
  extractor: Extractor;
  /** Null: the index is one of words only. */
  vectors: VectorWork | null;
  log: Log;
  /** Whether to hold back now, and why; {@link restraint} of this machine. */
  restraint(pending: number): Promise<Restraint>;
}

export interface Restraint {
  /** Nothing for now: the reason, in words for people. */
  wait: string | null;
  /** Milliseconds of rest after each file. */
  rest: number;
}

export const unrestrained: Restraint = { wait: null, rest: 0 };
