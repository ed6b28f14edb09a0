import { randomBytes } from 'node:crypto';
import type { Job, JobAction, ProgressEvent } from '@nanite/contracts';
import { describeError, NaniteError, type Log } from '@nanite/kit';

export type Outcome = Pick<ProgressEvent, 'model' | 'result'>;
export type Work = (asked: {
  signal: AbortSignal;
  report: (event: ProgressEvent) => void;
}) => Promise<Outcome>;
/** What begins. */
export interface Beginning {
  work: Work;
  /** Of a job that goes on after a restart: its name, and when it began. */
  id?: string | undefined;
  startedAt?: string | undefined;
  /** Wait to be told to go on. */
  paused?: boolean;
  /** Where it is written down, so that it goes on after a restart; null: it does not. */
  lasting?: { keep(job: Job): void; forget(job: Job): void } | null;
}
type Listener = (event: ProgressEvent) => void;

/** Jobs that ended are shown so long, so many. */
const keepMs = 10 * 60_000;
const keepMost = 100;

/** Why a job's work was told to stop. */
class Stopped extends Error {
  constructor(readonly by: 'pause' | 'cancel' | 'end') {
    super(`stopped: ${by}`);
  }
}

interface Entry {
  job: Job;
  key: string;
  work: Work;
  lasting: NonNullable<Beginning['lasting']> | null;
  stop: AbortController;
  /** Resolves when the work has stopped, for a pause or for good. */
  running: Promise<void>;
  listeners: Set<Listener>;
  /** The newest event of each file, for those who listen later. */
  files: Map<string, ProgressEvent>;
  endedAt: number | null;
}

/** Work in progress: several who ask for the same thing listen to one job, and a job outlives those who asked. */
export class Jobs {
  readonly #entries = new Map<string, Entry>();

  constructor(private readonly log: Log) {}

  get active(): number {
    return [...this.#entries.values()].filter(
      ({ endedAt, job }) => endedAt === null && job.state !== 'paused',
    ).length;
  }

  list(): Job[] {
    this.#forget();
    return [...this.#entries.values()].map(({ job }) => job);
  }

  /**
   * Begin work, or join the job of the same key that runs; a paused one goes on.
   *
   * @param key what makes two requests the same
   */
  begin(kind: Job['kind'], subject: string, key: string, uid: number, beginning: Beginning): Job {
    this.#forget();
    const known = [...this.#entries.values()].find((entry) => entry.key === key && entry.endedAt === null);
    if (known !== undefined) {
      if (!known.job.askedBy.includes(uid)) known.job.askedBy.push(uid);
      if (known.job.state === 'paused') this.#resume(known);
      return known.job;
    }
    const entry: Entry = {
      job: {
        id: beginning.id ?? randomBytes(8).toString('hex'),
        kind,
        subject,
        state: beginning.paused === true ? 'paused' : 'running',
        askedBy: [uid],
        startedAt: beginning.startedAt ?? new Date().toISOString(),
        last: null,
      },
      key,
      work: beginning.work,
      lasting: beginning.lasting ?? null,
      stop: new AbortController(),
      running: Promise.resolve(),
      listeners: new Set(),
      files: new Map(),
      endedAt: null,
    };
    this.#entries.set(entry.job.id, entry);
    // Before anybody hears of it: what was begun is not forgotten.
    entry.lasting?.keep(entry.job);
    if (entry.job.state === 'paused') entry.job.last = { status: 'paused', job: entry.job.id };
    else this.#run(entry);
    return entry.job;
  }

  /**
   * Hear of a job from where it is now.
   *
   * @returns ends the listening
   * @throws NaniteError `no-such-job` 404
   */
  listen(id: string, listener: Listener): () => void {
    const entry = this.#entry(id);
    for (const event of entry.files.values()) if (event !== entry.job.last) listener(event);
    if (entry.job.last !== null) listener(entry.job.last);
    entry.listeners.add(listener);
    return () => void entry.listeners.delete(listener);
  }

  /** @throws NaniteError `no-such-job` 404, `job-ended` 409 */
  async control(id: string, action: JobAction['action']): Promise<Job> {
    const entry = this.#entry(id);
    if (entry.endedAt !== null) {
      throw new NaniteError('job-ended', `job ${id} has ended: ${entry.job.state}`, { status: 409 });
    }
    if (action === 'resume') {
      if (entry.job.state === 'paused') this.#resume(entry);
      return entry.job;
    }
    if (entry.job.state !== 'paused') {
      entry.stop.abort(new Stopped(action));
      await entry.running;
    } else if (action === 'cancel') this.#cancelled(entry);
    return entry.job;
  }

  /** Stop everything, as for a pause: what was fetched stays. */
  async close(): Promise<void> {
    for (const entry of this.#entries.values()) entry.stop.abort(new Stopped('end'));
    await Promise.all([...this.#entries.values()].map(({ running }) => running));
  }

  #resume(entry: Entry): void {
    entry.job.state = 'running';
    entry.lasting?.keep(entry.job);
    this.#run(entry);
  }

  #run(entry: Entry): void {
    entry.stop = new AbortController();
    entry.job.state = 'running';
    const { signal } = entry.stop;
    entry.running = entry
      .work({ signal, report: (event) => this.#report(entry, event) })
      .then((outcome) => {
        entry.job.state = 'done';
        this.#end(entry, { status: 'success', ...outcome });
      })
      .catch((error: unknown) => this.#failed(entry, signal.aborted ? (signal.reason as unknown) : error));
  }

  #failed(entry: Entry, error: unknown): void {
    if (error instanceof Stopped) {
      if (error.by === 'cancel') return this.#cancelled(entry);
      entry.job.state = 'paused';
      if (error.by === 'pause') {
        entry.lasting?.keep(entry.job);
        return this.#report(entry, { status: 'paused' });
      }
      return this.#tellEnd(entry, stopped(entry.lasting !== null));
    }
    entry.job.state = 'failed';
    if (!(error instanceof NaniteError)) {
      this.log.error('a job failed inside the service', {
        job: entry.job.id,
        subject: entry.job.subject,
        error: describeError(error),
      });
    }
    this.#end(entry, failure(error));
  }

  #cancelled(entry: Entry): void {
    entry.job.state = 'cancelled';
    this.#end(entry, failure(new NaniteError('cancelled', 'the job was cancelled', { status: 499 })));
  }

  #end(entry: Entry, event: ProgressEvent): void {
    entry.lasting?.forget(entry.job);
    this.#tellEnd(entry, event);
  }

  #tellEnd(entry: Entry, event: ProgressEvent): void {
    entry.endedAt = Date.now();
    entry.files.clear();
    this.#report(entry, event);
    entry.listeners.clear();
  }

  #report(entry: Entry, event: ProgressEvent): void {
    const whole: ProgressEvent = { ...event, job: entry.job.id };
    if (event.total !== undefined || event.digest !== undefined) entry.files.set(event.status, whole);
    entry.job.last = whole;
    if (event.status === 'waiting') entry.job.state = 'waiting';
    else if (entry.job.state === 'waiting') entry.job.state = 'running';
    for (const listener of [...entry.listeners]) listener(whole);
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id);
    if (entry !== undefined) return entry;
    throw new NaniteError('no-such-job', `there is no job ${id}`, { status: 404 });
  }

  #forget(): void {
    const ended = [...this.#entries.values()].filter(({ endedAt }) => endedAt !== null);
    for (const [i, entry] of ended.entries()) {
      const old = Date.now() - (entry.endedAt ?? 0) > keepMs || ended.length - i > keepMost;
      if (old) this.#entries.delete(entry.job.id);
    }
  }
}

/** Whether an event is the last of its stream. */
export const isLast = (event: ProgressEvent): boolean =>
  event.status === 'success' || event.error !== undefined;

const stopped = (goesOn: boolean): ProgressEvent =>
  failure(
    new NaniteError(
      'stopped',
      goesOn
        ? 'the service is stopping; this continues when it starts again'
        : 'the service is stopping; run the command again to continue',
      { status: 503 },
    ),
  );

function failure(error: unknown): ProgressEvent {
  const known = error instanceof NaniteError ? error : null;
  return {
    status: 'error',
    error: describeError(error),
    code: known?.code ?? 'internal',
    httpStatus: known?.status ?? 500,
    hint: known?.hint ?? null,
  };
}
