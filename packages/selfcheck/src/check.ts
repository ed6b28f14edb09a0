import type { CheckId, CheckResult, CheckStatus } from './report';

/** What a check found. */
export interface Verdict {
  status: CheckStatus;
  detail: string;
  hint?: string;
  data?: CheckResult['data'];
}

/** What checks know of the run that they are part of. */
export interface Surroundings {
  root: boolean;
  live: boolean;
}

export interface Check {
  id: CheckId;
  title: string;
  /** `person`: of a session and its files; run as that person. `machine`: run as whoever runs the whole. */
  side: 'machine' | 'person';
  /** Limit in seconds on a machine of usual speed; `--patience` multiplies it. */
  seconds: number;
  /** Part of `--quick`: loads no model, reads no file, captures nothing. */
  quick: boolean;
  /** @param signal ends it: its limit, or the person */
  run: (signal: AbortSignal, around: Surroundings) => Promise<Verdict>;
}

export const pass = (detail: string, data?: Verdict['data']): Verdict => ({
  status: 'pass',
  detail,
  ...(data && { data }),
});
export const skip = (detail: string, hint?: string): Verdict => ({
  status: 'skip',
  detail,
  ...(hint !== undefined && { hint }),
});
export const warn = (detail: string, hint: string, data?: Verdict['data']): Verdict => ({
  status: 'warn',
  detail,
  hint,
  ...(data && { data }),
});
export const fail = (detail: string, hint: string, data?: Verdict['data']): Verdict => ({
  status: 'fail',
  detail,
  hint,
  ...(data && { data }),
});
