import type { ModelStoreClient, ProgressEvent } from '@nanite/contracts';
import { bytes } from '../terminal/format';
import { isLively, paint } from '../terminal/paint';
import { PassingLine } from '../terminal/passing-line';
import { sanitise } from '../terminal/sanitise';

export interface FollowOptions {
  json: boolean;
  /** Return as soon as the job has a name; it goes on without us. */
  background?: boolean;
  /** Leave out the last step, `success`: what came of it is told otherwise. */
  hidesSuccess?: boolean;
  /** Ctrl-C ends the watching only: the job was started by another command. */
  watches?: boolean;
}

/** `12 s`, `3 min`, `1 h 5 min`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.round(whole / 60)} min`;
  return `${Math.floor(whole / 3600)} h ${Math.round((whole % 3600) / 60)} min`;
}

/** `pulling 2b179c9523d0   45 %  43 MiB of 94 MiB  12 MiB/s  4 s left` */
export function progressLine({ status, total, completed, rate, eta }: ProgressEvent): string {
  const parts = [sanitise(status)];
  if (completed !== undefined && total !== undefined && total > 0) {
    parts.push(`${Math.floor((100 * completed) / total)} %`, `${bytes(completed)} of ${bytes(total)}`);
  } else if (completed !== undefined && completed > 0) parts.push(bytes(completed));
  if (rate !== undefined && rate > 0) parts.push(`${bytes(rate)}/s`);
  if (eta !== undefined && completed !== total) parts.push(`${duration(eta)} left`);
  return parts.join('  ');
}

/** Where a job was stopped, and that what it has is not lost. */
export function stoppedText(last: ProgressEvent | null): string {
  const { completed = 0, total = 0, digest, status = '' } = last ?? {};
  if (total === 0 || completed === 0) return 'stopped';
  const at = `stopped at ${bytes(completed)} of ${bytes(total)}`;
  const isDownload = digest !== undefined || status.startsWith('pulling ');
  return isDownload ? `${at}; run the same command to continue from there` : at;
}

/** Shows how far a job is, on standard error where that is a terminal; elsewhere each step once, as a line. */
class ProgressView {
  readonly #lively = isLively(process.stderr);
  #status = '';
  #done = '';

  readonly #passing = new PassingLine((text) => text);

  constructor(
    private readonly silent: boolean,
    private readonly hidesSuccess: boolean,
  ) {}

  show(event: ProgressEvent): void {
    if (this.silent || (this.hidesSuccess && event.status === 'success')) return;
    const { dim } = paint(process.stderr);
    if (!this.#lively) {
      if (event.status !== this.#status) process.stderr.write(`${sanitise(event.status)}\n`);
      this.#status = event.status;
      return;
    }
    if (this.#status !== '' && event.status !== this.#status) {
      this.#passing.clear();
      process.stderr.write(`${dim(this.#done)}\n`);
    }
    this.#status = event.status;
    // What was under way is done when the next begins, however far the last report of it was.
    this.#done = [sanitise(event.status), ...(event.total === undefined ? [] : [bytes(event.total)])].join(
      '  ',
    );
    this.#passing.show(progressLine(event));
  }

  end(): void {
    this.#passing.clear();
  }
}

/**
 * Follow a job to its end. With --json each event is a line on standard output.
 *
 * Ctrl-C cancels the job: what is downloaded stays, and the same command continues from there. With `watches` the job goes on.
 *
 * @returns the last event; null where the job was left to itself
 * @throws ApiFailure where the job failed; AbortError after Ctrl-C
 */
export async function follow(
  client: ModelStoreClient,
  start: (signal: AbortSignal) => AsyncGenerator<ProgressEvent, void, void>,
  { json, background = false, hidesSuccess = false, watches = false }: FollowOptions,
): Promise<ProgressEvent | null> {
  const stop = new AbortController();
  const view = new ProgressView(json, hidesSuccess);
  let job: string | null = null;
  let newest: ProgressEvent | null = null;
  const onSignal = (): void => stop.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    let last: ProgressEvent | null = null;
    for await (const event of start(stop.signal)) {
      job = event.job ?? job;
      last = event;
      newest = event;
      if (json) process.stdout.write(`${JSON.stringify(event)}\n`);
      else if (background && job !== null) {
        process.stdout.write(`${job}\n`);
        return null;
      } else view.show(event);
      if (background && job !== null) return null;
    }
    return last;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    // It may be over already: then there is nothing to cancel.
    if (job !== null && !watches) await client.control(job, 'cancel').catch(() => {});
    view.end();
    const text = watches ? 'the job goes on: nanite models jobs' : stoppedText(newest);
    if (!json) process.stderr.write(`${text}\n`);
    throw stop.signal.reason;
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    view.end();
  }
}
