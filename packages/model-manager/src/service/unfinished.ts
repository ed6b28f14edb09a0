import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Job, JobId } from '@nanite/contracts';
import { describeError, writeAtomically, type Log } from '@nanite/kit';
import { z } from 'zod';
import { syncFolder } from '../store';
import { orderOf } from './order';

/** Work that has not ended. */
export const UnfinishedJob = z.object({
  schema: z.literal(1),
  id: JobId,
  kind: Job.shape.kind.default('pull'),
  /** As it was sent: requestOf() of its kind. */
  request: z.unknown(),
  askedBy: z.array(z.number().int().nonnegative()).min(1),
  startedAt: z.iso.datetime(),
  /** Starts of the service since a byte of it came. */
  attempts: z.number().int().nonnegative(),
});
export type UnfinishedJob = z.infer<typeof UnfinishedJob>;

/** Paused ones are hidden: systemd looks whether a folder has anything in it that is not, and starts the service for it. */
const pausedPrefix = '.paused-';

/**
 * Jobs that have not ended, a file each: what a kill or a shutdown cuts off goes on with the next start. Only the service
 * can read them.
 */
export class UnfinishedJobs {
  constructor(
    private readonly folder: string,
    private readonly log: Log,
  ) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** All there are; one that cannot be read is removed. */
  list(): Array<{ job: UnfinishedJob; paused: boolean }> {
    return readdirSync(this.folder).flatMap((name) => {
      const path = join(this.folder, name);
      try {
        const job = UnfinishedJob.parse(JSON.parse(readFileSync(path, 'utf8')));
        orderOf(job.kind, job.request);
        return [{ job, paused: name.startsWith(pausedPrefix) }];
      } catch (error) {
        this.log.warning('work that was cut off is forgotten', { path, cause: describeError(error) });
        rmSync(path, { force: true });
        return [];
      }
    });
  }

  keep(job: UnfinishedJob, paused: boolean): void {
    writeAtomically(this.#path(job.id, paused), `${JSON.stringify(job)}\n`, 0o600);
    rmSync(this.#path(job.id, !paused), { force: true });
    syncFolder(this.folder);
  }

  forget(id: string): void {
    for (const paused of [true, false]) rmSync(this.#path(id, paused), { force: true });
    syncFolder(this.folder);
  }

  #path(id: string, paused: boolean): string {
    return join(this.folder, `${paused ? pausedPrefix : ''}${id}.json`);
  }
}
