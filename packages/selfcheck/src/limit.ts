/** What a signal is aborted with once its time is over. */
export class TimeOver extends Error {
  override readonly name = 'TimeOver';
}

/**
 * Do something within a limit of time.
 *
 * AbortSignal.any() of AbortSignal.timeout() is not used: in Node 20 such a signal is collected as garbage and never fires.
 *
 * @param work is given a signal that is aborted by `signal`, or with {@link TimeOver} after so many seconds
 */
export async function within<T>(
  seconds: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const stop = () => controller.abort(signal.reason);
  const timer = setTimeout(
    () => controller.abort(new TimeOver(`not within ${seconds} seconds`)),
    seconds * 1000,
  );
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

/** Whether something ended because its time was over; timers and requests wrap what their signal was aborted with. */
export const isTimeOver = (error: unknown): boolean =>
  error instanceof TimeOver || (error instanceof Error && error.cause instanceof TimeOver);
