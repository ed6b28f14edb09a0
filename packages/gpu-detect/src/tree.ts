import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** More than this of one file is never needed; dpkg's status of a full desktop is about 6 MB. */
const largest = 64 << 20;

/**
 * The files under a root: `/`, or a recorded tree.
 *
 * Nothing here throws. What is not there, or cannot be read, is null or empty; a file that is there and refuses is noted
 * in `unreadable`, so that the report can say what it is missing. Opens never block (a FIFO in the place of a file is
 * refused), and nothing is read that would wake a sleeping GPU (no PCI `config`, no link speed).
 */
export class Tree {
  /** Paths that exist and could not be read, with the reason, at most 16. */
  readonly unreadable = new Map<string, string>();

  constructor(readonly root: string) {}

  /** Raw content, at most `limit` bytes of it; null where there is none to be had. */
  bytes(path: string, limit = largest): Buffer | null {
    let fd: number | null = null;
    try {
      fd = openSync(this.#follow(path), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
      const stat = fstatSync(fd);
      if (!stat.isFile()) return this.#refuse(path, 'not a regular file');
      // Files of /proc and /sys have no size: read until the end comes.
      const parts: Buffer[] = [];
      let total = 0;
      let room = Math.min(limit, Math.max(stat.size + 1, 4096));
      while (total < limit) {
        const part = Buffer.allocUnsafe(Math.min(room, limit - total));
        const got = readSync(fd, part, 0, part.length, null);
        if (got === 0) break;
        parts.push(part.subarray(0, got));
        total += got;
        room = Math.min(room * 2, 1 << 20);
      }
      return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
      return code === 'ENOENT' || code === 'ENOTDIR' ? null : this.#refuse(path, code);
    } finally {
      if (fd !== null) closeSync(fd);
    }
  }

  /** Content as text, without the white space around it; null where there is none. */
  text(path: string, limit?: number): string | null {
    return this.bytes(path, limit)?.toString('utf8').trim() ?? null;
  }

  /** One line fit for a report: printable, at most 200 characters; null where nothing is left. */
  line(path: string): string | null {
    return printable(this.text(path, 4096));
  }

  /** A whole number in decimal or 0x hexadecimal, not negative; null for anything else, such as garbage. */
  count(path: string): number | null {
    return wholeNumber(this.text(path, 64));
  }

  /** Names in a folder, sorted; none where there is no such folder. */
  list(path: string): string[] {
    try {
      return readdirSync(join(this.root, path)).sort();
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
      if (code !== 'ENOENT' && code !== 'ENOTDIR') this.#refuse(path, code);
      return [];
    }
  }

  exists(path: string): boolean {
    try {
      return statSync(this.#follow(path), { throwIfNoEntry: false }) !== undefined;
    } catch (error) {
      this.#refuse(path, (error as NodeJS.ErrnoException).code ?? 'unknown error');
      return false;
    }
  }

  /** Last part of what a symbolic link points to: a device's `driver` → `amdgpu`. Null where it is none. */
  linkName(path: string): string | null {
    try {
      return printable(basename(readlinkSync(join(this.root, path))));
    } catch {
      // Not a link, or not there: both mean that the kernel has nothing to say.
      return null;
    }
  }

  /** File name at the end of a chain of links: `libcuda.so.1` → `libcuda.so.550.163.01`. */
  realName(path: string): string {
    return basename(this.#end(path));
  }

  /** Follows links whose target is absolute inside the root; a recorded tree must not lead out of itself. */
  #follow(path: string): string {
    return this.root === '/' ? path : this.#end(path);
  }

  /** Path at the end of a chain of links. */
  #end(path: string): string {
    let at = join(this.root, path);
    for (let hops = 0; hops < 16; hops++) {
      let target: string;
      try {
        target = readlinkSync(at);
      } catch {
        break;
      }
      at = target.startsWith('/') ? join(this.root, target) : join(dirname(at), target);
    }
    return at;
  }

  #refuse(path: string, why: string): null {
    if (this.unreadable.size < 16) this.unreadable.set(path, why);
    return null;
  }
}

/** Printable characters only (a name from a device can hold anything), spaces joined, at most 200; null if empty. */
export function printable(text: string | null | undefined): string | null {
  const clean = (text ?? '').replace(
    /[\u0000-\u001f\u007f-\u009f\ufffd\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g,
    ' ',
  );
  const short = clean.replace(/\s+/g, ' ').trim().slice(0, 200);
  return short === '' ? null : short;
}

/** Decimal or 0x hexadecimal, not negative and exact in a double; null for anything else. */
export function wholeNumber(text: string | null | undefined): number | null {
  if (text === null || text === undefined || !/^(0x[0-9a-f]{1,16}|[0-9]{1,20})$/i.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}
