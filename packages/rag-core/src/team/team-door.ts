import { lstat } from 'node:fs/promises';
import { ApiFailure } from '@nanite/contracts';
import { isMemberOf, mayAdminister, NaniteError, type Administration } from '@nanite/kit';
import type { Access, Asked } from '../access/client';
import type { Door, View, Visitor } from '../service/view';
import type { Database } from '../store';

/** Who says what is shared. */
export const administration: Administration = {
  group: 'nanite',
  polkitAction: 'org.nanite.knowledge.change',
};

/** Requests of one person at once: others want to be answered too. */
const mostAtOnce = 8;
/**
 * What somebody may read is remembered so long for what is looked through, or four times as long as it took to find out;
 * what is shown is asked again each time.
 */
const filesMs = 2000;
const filesTimes = 4;
/** People for whom it is remembered: 100,000 files of each are 1 MB. */
const mostPeople = 64;

interface Known {
  files: Promise<readonly number[] | null>;
  /** Milliseconds; without end while it is being found out. */
  until: number;
}

/** Lets everybody in, and shows each what they may read. */
export class TeamDoor implements Door {
  private readonly known = new Map<number, Known>();
  private readonly open = new Map<number, number>();

  /** @param now milliseconds */
  constructor(
    private readonly database: Database,
    private readonly access: Access,
    private readonly now: () => number = Date.now,
  ) {}

  admit(peer: { pid: number; uid: number } | null): Visitor {
    if (peer === null) {
      throw new NaniteError('not-yours', 'the kernel does not tell who is asking', { status: 403 });
    }
    const { uid } = peer;
    const there = this.open.get(uid) ?? 0;
    if (there >= mostAtOnce) {
      throw new NaniteError('busy', `user ${uid} asks ${there} questions at once`, {
        status: 429,
        hint: 'wait until one of them is answered',
      });
    }
    this.open.set(uid, there + 1);
    return {
      view: uid === 0 ? this.rootView() : this.viewOf(uid),
      allowChange: async () => {
        if (await mayAdminister(peer, administration)) return;
        throw new NaniteError(
          'not-authorised',
          `only root and members of the group ${administration.group} can share folders`,
          {
            status: 403,
            hint: `to become one: sudo adduser NAME ${administration.group}, then log out and back in`,
          },
        );
      },
      leave: () => {
        const left = (this.open.get(uid) ?? 1) - 1;
        if (left === 0) this.open.delete(uid);
        else this.open.set(uid, left);
      },
    };
  }

  private viewOf(uid: number): View {
    let whole: Promise<boolean> | undefined;
    return {
      whole: () => (whole ??= isMemberOf(uid, administration.group)),
      mayRead: async (path) => {
        const rows = await this.database.all<{ identity: string }>(
          'SELECT DISTINCT identity FROM files WHERE path = ?',
          path,
        );
        if (rows.length === 0) return false;
        const may = await this.ask(
          uid,
          rows.map(({ identity }) => ({ path, identity })),
        );
        return may.every((one) => one);
      },
      files: () => this.filesOf(uid),
      reached: (folders) =>
        this.ask(
          uid,
          folders.map((path) => ({ path, identity: null })),
        ),
    };
  }

  /** Root may read everything, which the kernel says of root's rights and not of root's id. */
  private rootView(): View {
    return {
      whole: () => Promise.resolve(true),
      mayRead: (path) =>
        lstat(path).then(
          () => true,
          () => false,
        ),
      files: () => Promise.resolve(null),
      reached: (folders) => Promise.resolve(folders.map(() => true)),
    };
  }

  private filesOf(uid: number): Promise<readonly number[] | null> {
    const before = this.known.get(uid);
    if (before !== undefined && before.until > this.now()) return before.files;
    if (this.known.size >= mostPeople) this.known.clear();
    const since = this.now();
    const entry: Known = { files: this.readable(uid), until: Infinity };
    this.known.set(uid, entry);
    entry.files.then(
      () => (entry.until = this.now() + Math.max(filesMs, filesTimes * (this.now() - since))),
      () => this.known.delete(uid),
    );
    return entry.files;
  }

  private async readable(uid: number): Promise<readonly number[] | null> {
    const rows = await this.database.all<Asked & { id: number }>('SELECT id, path, identity FROM files');
    const may = await this.ask(uid, rows);
    const files = rows.filter((_, at) => may[at]).map(({ id }) => id);
    return files.length === rows.length ? null : files;
  }

  private async ask(uid: number, files: readonly Asked[]): Promise<boolean[]> {
    try {
      return await this.access.may(uid, files);
    } catch (cause) {
      if (cause instanceof ApiFailure && cause.code === 'unknown-user') {
        throw new NaniteError('not-yours', 'this machine does not know you', { status: 403, cause });
      }
      throw new NaniteError('access-unknown', 'what you are allowed to read cannot be found out now', {
        status: 503,
        hint: 'an administrator can look: systemctl status nanite-rag-access',
        cause,
      });
    }
  }
}
