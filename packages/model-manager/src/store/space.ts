import { readdirSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { NaniteError } from '@nanite/kit';
import type { Layout } from './layout';

const inGigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;

/** Bytes after which a growing file is looked at again. */
const lookEvery = 2 ** 20;

/** A promise of room; `remaining` shrinks as the bytes arrive. */
export interface Reservation {
  remaining: number;
  release(): void;
}

/** How much may still be written: the disk's free bytes, the administrator's quota, and what others were promised. */
export class Space {
  readonly #reservations = new Set<Reservation>();

  constructor(
    private readonly layout: Layout,
    private readonly limits: { quotaBytes: number | null; reserveBytes: number },
  ) {}

  get quotaBytes(): number | null {
    return this.limits.quotaBytes;
  }

  /** Bytes of the disk that a program without privileges may write. */
  freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.layout.root);
    return bavail * bsize;
  }

  /**
   * Keep room for bytes that are about to come.
   *
   * @throws NaniteError `no-space`, `over-quota` 507
   */
  reserve(bytes: number): Reservation {
    const free = this.#spare();
    if (bytes > free) {
      throw new NaniteError(
        'no-space',
        `${inGigabytes(bytes)} are needed, but the disk has only ${inGigabytes(Math.max(0, free))} to spare`,
        { status: 507, hint: 'remove a model (nanite models rm), or lower models.reserveBytes' },
      );
    }
    this.admit(bytes);
    const reservation: Reservation = {
      remaining: bytes,
      release: () => void this.#reservations.delete(reservation),
    };
    this.#reservations.add(reservation);
    return reservation;
  }

  /**
   * Whether the quota has room for bytes that may need none on the disk, because they are shared with a file that is there.
   *
   * @throws NaniteError `over-quota` 507
   */
  admit(bytes: number): void {
    const { quotaBytes } = this.limits;
    if (quotaBytes !== null) {
      const used = this.#used();
      if (used + this.#promised() + bytes > quotaBytes) {
        throw new NaniteError(
          'over-quota',
          `${inGigabytes(bytes)} more would exceed the quota of ${inGigabytes(quotaBytes)}; ${inGigabytes(used)} are in use`,
          { status: 507, hint: 'remove a model (nanite models rm), or raise models.quotaBytes' },
        );
      }
    }
  }

  /**
   * Room for a file whose length nobody says: asked as it grows whether it may grow further.
   *
   * @param present bytes of it that are on the disk already
   * @returns told how many bytes are there; throws NaniteError `no-space`, `over-quota` 507
   */
  whileGrowing(present: number): (done: number) => void {
    const { quotaBytes } = this.limits;
    const usedByOthers = quotaBytes === null ? 0 : this.#used() - present;
    let looked = -Infinity;
    return (done) => {
      if (done - looked < lookEvery) return;
      looked = done;
      const hint =
        'its source does not say how large it is: remove models (nanite models rm), or choose another source';
      if (this.#spare() < 0) {
        throw new NaniteError('no-space', `the disk has no more to spare after ${inGigabytes(done)} of it`, {
          status: 507,
          hint,
        });
      }
      if (quotaBytes !== null && usedByOthers + this.#promised() + done > quotaBytes) {
        throw new NaniteError(
          'over-quota',
          `${inGigabytes(done)} of it exceed the quota of ${inGigabytes(quotaBytes)}`,
          {
            status: 507,
            hint,
          },
        );
      }
    };
  }

  #promised(): number {
    return [...this.#reservations].reduce((sum, each) => sum + each.remaining, 0);
  }

  /** Bytes beyond the reserve that nobody was promised. */
  #spare(): number {
    return this.freeBytes() - this.limits.reserveBytes - this.#promised();
  }

  #used(): number {
    return folderBytes(this.layout.blobs) + folderBytes(this.layout.partial);
  }
}

/** Bytes that the files of a folder take on the disk: a file with holes takes less than its length. */
export function folderBytes(path: string): number {
  let bytes = 0;
  for (const name of readdirSync(path)) {
    const found = statSync(join(path, name), { throwIfNoEntry: false });
    if (found?.isFile()) bytes += found.blocks * 512;
  }
  return bytes;
}

/** The same disk that is full says so when a byte is written: ENOSPC and EDQUOT as our error. */
export function asSpaceError(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new NaniteError('no-space', 'the disk is full', {
    status: 507,
    hint: 'remove a model (nanite models rm) and try again: what was downloaded is kept',
    cause: error,
  });
}
