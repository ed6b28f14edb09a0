import { describeError } from '@nanite/kit';
import { fail, type Check, type Surroundings, type Verdict } from './check';
import { isTimeOver, within } from './limit';
import type { CheckResult } from './report';

export const asResult = (
  { id, title }: Pick<Check, 'id' | 'title'>,
  { status, detail, hint, data }: Verdict,
  seconds: number,
): CheckResult => ({
  id,
  title,
  status,
  detail,
  hint: hint ?? null,
  seconds: Math.round(seconds * 100) / 100,
  data: data ?? {},
});

/**
 * Run one check within its limit. What it throws is a failure of what it looks at.
 *
 * @param patience multiplies the limit
 * @throws what `signal` was aborted with, once the check has tidied up
 */
export async function runCheck(
  check: Check,
  around: Surroundings,
  patience: number,
  signal: AbortSignal,
): Promise<CheckResult> {
  const seconds = check.seconds * patience;
  const since = performance.now();
  let verdict: Verdict;
  try {
    verdict = await within(seconds, signal, (limited) => check.run(limited, around));
  } catch (error) {
    signal.throwIfAborted();
    verdict = isTimeOver(error)
      ? fail(`did not end within ${seconds} seconds`, 'a slow machine needs more: --patience 10')
      : fail(describeError(error), 'report this as a bug');
  }
  return asResult(check, verdict, (performance.now() - since) / 1000);
}
