import { readdirSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { NaniteError } from '@nanite/kit';
import type { Layout } from './layout';

const inGigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;

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
    const promised = [...this.#reservations].reduce((sum, each) => sum + each.remaining, 0);
    const free = this.freeBytes() - this.limits.reserveBytes - promised;
    if (bytes > free) {
      throw new NaniteError(
        'no-space',
        `${inGigabytes(bytes)} are needed, and the disk has ${inGigabytes(Math.max(0, free))} to spare`,
        { status: 507, hint: 'remove a model (nanite models rm), or lower models.reserveBytes' },
      );
    }
    const { quotaBytes } = this.limits;
    if (quotaBytes !== null) {
      const used = folderBytes(this.layout.blobs) + folderBytes(this.layout.partial);
      if (used + promised + bytes > quotaBytes) {
        throw new NaniteError(
          'over-quota',
          `${inGigabytes(bytes)} more would exceed the quota of ${inGigabytes(quotaBytes)}; ${inGigabytes(used)} are used`,
          { status: 507, hint: 'remove a model (nanite models rm), or raise models.quotaBytes' },
        );
      }
    }
    const reservation: Reservation = {
      remaining: bytes,
      release: () => void this.#reservations.delete(reservation),
    };
    this.#reservations.add(reservation);
    return reservation;
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
    hint: 'remove a model (nanite models rm) and ask again: what was fetched is kept',
    cause: error,
  });
}
