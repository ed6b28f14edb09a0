import { lstat } from 'node:fs/promises';
import type { Database } from '../store';
import { isGone, readFolder, rootFolder, statFile, walk, type Folder, type Rules } from '../walk';
import type { Watcher } from '../watch';
import { differenceOf, type Difference, type FoundIn, type KnownFile } from './difference';

const key = (path: Buffer): string => path.toString('latin1');

/** The folder that something lies in. */
export const parentOf = (path: Buffer): Buffer => {
  const slash = path.lastIndexOf(0x2f);
  return slash <= 0 ? Buffer.from('/') : path.subarray(0, slash);
};

const unreadable = 'it does not exist, or you are not allowed to read it';

const columns = 'id, path, identity, ctime, state, title';

/** One folder, or single file, of a collection: what is there against what the index knows. */
export class Root {
  /** Folders that were read, with the inode that they had. */
  private folders = new Map<string, { folder: Folder; inode: string }>();
  private presence: string | null = null;
  /** Why it cannot be read at all; null: it can. */
  absent: string | null = null;

  constructor(
    readonly id: number,
    readonly collection: number,
    readonly path: Buffer,
    private readonly rules: Rules,
    private readonly database: Database,
    private readonly watcher: Watcher,
  ) {}

  /** Everything, whatever is known. */
  async scan(signal: AbortSignal): Promise<Difference> {
    // Where the folder itself goes or comes, its parent changes.
    this.watcher.add(parentOf(this.path), this);
    this.presence = await this.seen();
    const known = await this.database.all<KnownFile>(`SELECT ${columns} FROM files WHERE root = ?`, this.id);
    const single = await statFile(this.path);
    if (single !== null) {
      this.absent = null;
      return differenceOf(known, [{ file: single, folder: parentOf(this.path) }]);
    }
    const before = this.folders;
    this.folders = new Map();
    const found = await this.read(rootFolder(this.path), signal);
    this.absent = this.folders.has(key(this.path)) ? null : unreadable;
    for (const [at, { folder }] of before) if (!this.folders.has(at)) this.watcher.remove(folder.path, this);
    return differenceOf(known, found);
  }

  /** @returns whether a change in this folder can concern this root */
  concerns(folder: Buffer): boolean {
    return this.folders.has(key(folder)) || folder.equals(parentOf(this.path));
  }

  /** Only these folders, which changed, and what is new below them. */
  async look(changed: readonly Buffer[], signal: AbortSignal): Promise<Difference> {
    if (changed.some((folder) => folder.equals(parentOf(this.path)))) {
      // The parent of a single file says nothing about which of its files changed; one lstat does.
      const single = await statFile(this.path);
      if (single !== null || (await this.seen()) !== this.presence) return this.scan(signal);
    }
    const known: KnownFile[] = [];
    const found: FoundIn[] = [];
    const done = new Set<string>();
    // Parents first: where one is read again with all below it, those below are done.
    for (const path of [...changed].sort((a, b) => a.length - b.length)) {
      const at = key(path);
      const entry = this.folders.get(at);
      if (entry === undefined || done.has(at)) continue;
      done.add(at);
      signal.throwIfAborted();
      // A folder that took another's place needs a watch of its own.
      this.watcher.renew(path);
      const content = await readFolder(entry.folder, this.rules);
      if (content === null || content.inode !== entry.inode) {
        known.push(...(await this.below(path)));
        this.forget(path, done);
        if (path.equals(this.path) && content === null) {
          this.absent = unreadable;
          // Whatever its parent shows next is another state.
          this.presence = 'lost';
        }
        if (content !== null) found.push(...(await this.read(entry.folder, signal)));
        continue;
      }
      known.push(
        ...(await this.database.all<KnownFile>(
          `SELECT ${columns} FROM files WHERE root = ? AND folder = ?`,
          this.id,
          path,
        )),
      );
      found.push(...content.files.map((file) => ({ file, folder: path })));
      const there = new Set(content.folders.map((folder) => key(folder.path)));
      for (const folder of content.folders) {
        if (this.folders.has(key(folder.path))) continue;
        known.push(...(await this.below(folder.path)));
        found.push(...(await this.read(folder, signal)));
      }
      for (const child of this.childrenOf(path)) {
        if (there.has(key(child))) continue;
        known.push(...(await this.below(child)));
        this.forget(child, done);
      }
    }
    return differenceOf(known, found);
  }

  /** What is watched of it. */
  get followed(): { path: Buffer; parent: Buffer; there: boolean; folders: Buffer[] } {
    const folders = [...this.folders.values()].map(({ folder }) => folder.path);
    return { path: this.path, parent: parentOf(this.path), there: this.presence !== null, folders };
  }

  /** Nobody asks about this root any more. */
  close(): void {
    this.watcher.release(this);
  }

  private async read(from: Folder, signal: AbortSignal): Promise<FoundIn[]> {
    const found: FoundIn[] = [];
    for await (const { folder, content } of walk(from, this.rules, signal, ({ path }) =>
      this.watcher.add(path, this),
    )) {
      if (content === null) {
        // A change of its mode or content is seen by its parent's watch, that of the root by its own.
        if (!folder.path.equals(this.path)) this.watcher.remove(folder.path, this);
        continue;
      }
      this.folders.set(key(folder.path), { folder, inode: content.inode });
      for (const file of content.files) found.push({ file, folder: folder.path });
    }
    return found;
  }

  private below(folder: Buffer): Promise<KnownFile[]> {
    // '0' is the byte after '/'.
    return this.database.all<KnownFile>(
      `SELECT ${columns} FROM files WHERE root = ? AND (folder = ? OR (folder > ? AND folder < ?))`,
      this.id,
      folder,
      Buffer.concat([folder, Buffer.from('/')]),
      Buffer.concat([folder, Buffer.from('0')]),
    );
  }

  private *childrenOf(folder: Buffer): Generator<Buffer> {
    const at = folder.equals(Buffer.from('/')) ? '/' : `${key(folder)}/`;
    for (const [name, entry] of this.folders) {
      if (name.startsWith(at) && name.length > at.length && !name.includes('/', at.length))
        yield entry.folder.path;
    }
  }

  private forget(folder: Buffer, done: Set<string>): void {
    const at = key(folder);
    for (const name of this.folders.keys()) {
      if (name !== at && !name.startsWith(`${at}/`)) continue;
      this.folders.delete(name);
      done.add(name);
    }
    // The root's own watch stays: its mode may change back.
    if (!folder.equals(this.path)) this.watcher.remove(folder, this);
  }

  private async seen(): Promise<string | null> {
    try {
      const { dev, ino, mode } = await lstat(this.path);
      return `${dev}:${ino}:${mode}`;
    } catch (error) {
      if (isGone(error)) return null;
      throw error;
    }
  }
}
