import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { NaniteError } from '@nanite/kit';
import { diskFull } from './command';
import { sha256Of } from './verify';

/**
 * Files by their content: `<folder>/<sha256>`, verified on every use, so that a damaged one is fetched again.
 *
 * A file gets its final name only once it is whole and verified.
 */
export class Cache {
  /** @param folder default `$NANITE_CACHE/sources` */
  constructor(readonly folder = join(process.env['NANITE_CACHE'] ?? '/var/cache/nanite', 'sources')) {}

  path(sha256: string): string {
    return join(this.folder, sha256);
  }

  async has(sha256: string): Promise<boolean> {
    const path = this.path(sha256);
    if (!existsSync(path)) return false;
    if ((await sha256Of(path)) === sha256) return true;
    rmSync(path, { force: true });
    return false;
  }

  /** Take over a file that was verified. */
  keep(file: string, sha256: string): string {
    renameSync(file, this.path(sha256));
    return this.path(sha256);
  }

  drop(sha256: string): void {
    rmSync(this.path(sha256), { force: true });
  }

  /**
   * Work in a folder of its own that is gone afterwards, whatever happened.
   * @throws NaniteError `disk-full`, and what `work` throws
   */
  async inPartial<T>(work: (partial: string) => Promise<T>): Promise<T> {
    let partial: string | undefined;
    try {
      mkdirSync(this.folder, { recursive: true });
      this.#dropAbandoned();
      partial = mkdtempSync(join(this.folder, '.partial-'));
      return await work(partial);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOSPC')
        throw diskFull(undefined, error);
      throw error;
    } finally {
      if (partial !== undefined) rmSync(partial, { recursive: true, force: true });
    }
  }

  /**
   * Look before something large is begun.
   * @throws NaniteError `disk-full`
   */
  needRoom(bytes: number, what: string): void {
    const { bavail, bsize } = statfsSync(this.folder);
    const free = bavail * bsize;
    if (free < bytes) {
      throw new NaniteError(
        'disk-full',
        `${what} needs ${megabytes(bytes)} of free space in ${this.folder}; it has ${megabytes(free)}`,
        { hint: 'free some space, or point NANITE_CACHE to a larger disk; nothing was fetched' },
      );
    }
  }

  /** A fetch that was killed leaves its folder of half-made files; a day later nobody is writing it any more. */
  #dropAbandoned(): void {
    const yesterday = Date.now() - 24 * 60 * 60 * 1000;
    for (const name of readdirSync(this.folder)) {
      if (!name.startsWith('.partial-')) continue;
      const path = join(this.folder, name);
      const age = statSync(path, { throwIfNoEntry: false });
      if (age !== undefined && age.mtimeMs < yesterday) rmSync(path, { recursive: true, force: true });
    }
  }
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`;
