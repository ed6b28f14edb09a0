import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  constants,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { NaniteError } from '@nanite/kit';
import { syncFile, syncFolder } from './durable';
import { hashFile } from './hash';
import { digestIn, type Layout } from './layout';
import type { Reservation } from './space';

/** How a file came into the store. */
export type Taken = 'reflink' | 'hardlink' | 'copy';

/** Files named by what they hash to. A file is here only when it is whole, hashed and on the disk. */
export class Blobs {
  constructor(private readonly layout: Layout) {}

  has(sha256: string): boolean {
    return statSync(this.layout.blob(sha256), { throwIfNoEntry: false }) !== undefined;
  }

  size(sha256: string): number {
    return statSync(this.layout.blob(sha256)).size;
  }

  path(sha256: string): string {
    return this.layout.blob(sha256);
  }

  list(): string[] {
    return readdirSync(this.layout.blobs)
      .map(digestIn)
      .filter((digest) => digest !== null);
  }

  /**
   * Make a file of the store a blob. The caller has hashed exactly these bytes; the file is moved.
   *
   * Synced before it is renamed: after a power cut a blob has all its bytes or is not there.
   */
  adopt(file: string, sha256: string): string {
    const blob = this.layout.blob(sha256);
    if (this.has(sha256)) {
      rmSync(file);
      return blob;
    }
    chmodSync(file, 0o444);
    syncFile(file);
    renameSync(file, blob);
    syncFolder(this.layout.blobs);
    return blob;
  }

  /**
   * Take a file from elsewhere: share its bytes (reflink), else its inode where `mayLink`, else copy; then hash what was
   * taken, for the original may change at any time.
   *
   * @param options.mayLink a hard link keeps the owner's right to change the file in place: only for files that are done
   * @param options.room asked for before a copy, which alone needs room on the disk
   * @throws NaniteError `digest-mismatch` 422 where another digest was expected; `no-space` 507; `unreadable` 403
   */
  async take(
    file: string,
    expected: string | null,
    options: { mayLink?: boolean; signal?: AbortSignal; room?: () => Reservation } = {},
  ): Promise<{ sha256: string; size: number; how: Taken }> {
    mkdirSync(this.layout.partial, { recursive: true });
    const draft = join(this.layout.partial, `take-${randomBytes(8).toString('hex')}`);
    let room: Reservation | undefined;
    try {
      const shared = share(file, draft, options.mayLink ?? false);
      if (shared === null) {
        room = options.room?.();
        copy(file, draft);
      }
      const how: Taken = shared ?? 'copy';
      const { sha256, size } = await hashFile(draft, options.signal);
      if (expected !== null && sha256 !== expected) throw wrongHash(file, sha256, expected);
      if (how === 'hardlink') {
        // Not ours to chmod; whoever may read it may have it synced.
        if (this.has(sha256)) rmSync(draft);
        else {
          syncFile(draft);
          renameSync(draft, this.layout.blob(sha256));
          syncFolder(this.layout.blobs);
        }
      } else this.adopt(draft, sha256);
      return { sha256, size, how };
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    } finally {
      room?.release();
    }
  }

  /** Put a blob aside that is not what its name says; it is kept for whoever wants to look. */
  setAside(sha256: string): void {
    mkdirSync(this.layout.bad, { recursive: true, mode: 0o700 });
    renameSync(this.layout.blob(sha256), join(this.layout.bad, `sha256-${sha256}.${Date.now()}`));
    syncFolder(this.layout.blobs);
  }

  remove(sha256: string): number {
    const found = statSync(this.layout.blob(sha256), { throwIfNoEntry: false });
    if (found === undefined) return 0;
    rmSync(this.layout.blob(sha256), { force: true });
    return found.size;
  }
}

/** @returns null where the bytes cannot be shared */
function share(from: string, to: string, mayLink: boolean): Exclude<Taken, 'copy'> | null {
  try {
    copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
    return 'reflink';
  } catch (error) {
    rmSync(to, { force: true });
    refuseUnreadable(error, from);
  }
  if (mayLink) {
    try {
      linkSync(from, to);
      if (isDone(to)) return 'hardlink';
      // The path was exchanged for a file that somebody else can still write to.
      rmSync(to, { force: true });
    } catch {
      // Another file system, or fs.protected_hardlinks: a copy always works.
    }
  }
  return null;
}

function copy(from: string, to: string): void {
  try {
    copyFileSync(from, to, constants.COPYFILE_EXCL);
  } catch (error) {
    refuseUnreadable(error, from);
    throw error;
  }
}

/** Whether nobody but root and this process's user can write to a file: docs/decisions/0093. */
function isDone(path: string): boolean {
  const found = lstatSync(path);
  return (
    found.isFile() && (found.uid === 0 || found.uid === process.getuid?.()) && (found.mode & 0o022) === 0
  );
}

function refuseUnreadable(error: unknown, path: string): void {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'EACCES' && code !== 'ENOENT') return;
  throw new NaniteError('unreadable', `cannot read ${path}`, {
    hint: 'the service reads what everybody may read; `nanite models create` uploads your own files',
    status: code === 'ENOENT' ? 404 : 403,
    cause: error,
  });
}

export function wrongHash(what: string, found: string, expected: string): NaniteError {
  return new NaniteError('digest-mismatch', `${what} has sha256 ${found} instead of ${expected}`, {
    hint: 'the source gave other bytes than it promised: try again, or another source',
    status: 422,
  });
}
