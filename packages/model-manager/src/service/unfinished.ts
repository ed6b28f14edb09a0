import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { JobId, PullRequest } from '@nanite/contracts';
import { describeError, writeAtomically, type Log } from '@nanite/kit';
import { z } from 'zod';
import { syncFolder } from '../store';

/** A pull that has not ended. */
export const UnfinishedPull = z.object({
  schema: z.literal(1),
  id: JobId,
  request: PullRequest,
  askedBy: z.array(z.number().int().nonnegative()).min(1),
  startedAt: z.iso.datetime(),
  /** Starts of the service since a byte of it came. */
  attempts: z.number().int().nonnegative(),
});
export type UnfinishedPull = z.infer<typeof UnfinishedPull>;

/** Paused ones are hidden: systemd looks whether a folder has anything in it that is not, and starts the service for it. */
const pausedPrefix = '.paused-';

/**
 * Pulls that have not ended, a file each: what a kill or a shutdown cuts off goes on with the next start. Only the service
 * can read them.
 */
export class UnfinishedPulls {
  constructor(
    private readonly folder: string,
    private readonly log: Log,
  ) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** All there are; one that cannot be read is removed. */
  list(): Array<{ pull: UnfinishedPull; paused: boolean }> {
    return readdirSync(this.folder).flatMap((name) => {
      const path = join(this.folder, name);
      try {
        const pull = UnfinishedPull.parse(JSON.parse(readFileSync(path, 'utf8')));
        return [{ pull, paused: name.startsWith(pausedPrefix) }];
      } catch (error) {
        this.log.warning('a pull that was cut off is forgotten', { path, cause: describeError(error) });
        rmSync(path, { force: true });
        return [];
      }
    });
  }

  keep(pull: UnfinishedPull, paused: boolean): void {
    writeAtomically(this.#path(pull.id, paused), `${JSON.stringify(pull)}\n`, 0o600);
    rmSync(this.#path(pull.id, !paused), { force: true });
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
