import { watch, type FSWatcher } from 'node:fs';
import { joinPath } from '../walk';

export interface WatcherEvents {
  /** Something in these folders changed, or the folder itself; `all`: some changes may have been missed. */
  changed(folders: Buffer[], all: boolean): void;
}

/** Wait so long after the last change, for programs write a file in several steps … */
const quietMs = 250;
/** … but no longer than this after the first, for some never stop. */
const mostMs = 1500;

/**
 * The kernel keeps 16,384 events for us and then drops more without a word that Node hands on. After as many between two
 * rounds, better look at everything.
 */
const manyEvents = 8_000;

/**
 * Watches folders with inotify(7), through libuv: a change of content, mode, owner or name wakes the process, and
 * nothing else does.
 */
export class Watcher {
  private readonly watches = new Map<string, { watcher: FSWatcher; owners: Set<object> }>();
  private readonly dirty = new Map<string, Buffer>();
  private events = 0;
  private firstAt = 0;
  private timer: NodeJS.Timeout | null = null;
  /** Why not everything is watched; null: everything is. */
  degraded: string | null = null;

  constructor(private readonly listener: WatcherEvents) {}

  get folders(): number {
    return this.watches.size;
  }

  /** Paths are bytes: this is their key in a map, one character a byte. */
  private static key(path: Buffer): string {
    return path.toString('latin1');
  }

  /**
   * @param owner who wants it: several may watch one folder
   * @returns whether the folder is watched; false: it is gone, may not be read, or the kernel gives no more watches
   *   ({@link degraded} then says so)
   */
  add(path: Buffer, owner: object): boolean {
    const key = Watcher.key(path);
    const known = this.watches.get(key);
    if (known !== undefined) {
      known.owners.add(owner);
      return true;
    }
    const watcher = this.open(path);
    if (watcher === null) return false;
    this.watches.set(key, { watcher, owners: new Set([owner]) });
    return true;
  }

  /** Watch what has the path now: a watch stays with a folder that was renamed or deleted. */
  renew(path: Buffer): void {
    const key = Watcher.key(path);
    const known = this.watches.get(key);
    if (known === undefined) return;
    known.watcher.close();
    const watcher = this.open(path);
    if (watcher === null) this.watches.delete(key);
    else known.watcher = watcher;
  }

  /** One owner no longer wants a folder and all below it. */
  remove(path: Buffer, owner: object): void {
    const key = Watcher.key(path);
    const below = key === '/' ? key : `${key}/`;
    for (const at of this.watches.keys()) if (at === key || at.startsWith(below)) this.drop(at, owner);
  }

  /** One owner wants nothing any more. */
  release(owner: object): void {
    for (const at of this.watches.keys()) this.drop(at, owner);
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    for (const { watcher } of this.watches.values()) watcher.close();
    this.watches.clear();
    this.dirty.clear();
  }

  private drop(key: string, owner: object): void {
    const known = this.watches.get(key);
    if (known === undefined || !known.owners.delete(owner) || known.owners.size > 0) return;
    known.watcher.close();
    this.watches.delete(key);
    // There is room again: who looks through the rest finds out whether it is enough.
    this.degraded = null;
  }

  private open(path: Buffer): FSWatcher | null {
    try {
      const watcher = watch(path, { encoding: 'buffer', persistent: true }, (_event, name) => {
        this.note(path);
        if (name === null) return;
        if (name.toString() === '.gitignore') this.events += manyEvents;
        // Of use where the name is that of a folder: its mode may have changed.
        const below = joinPath(path, name as unknown as Buffer);
        if (this.watches.has(Watcher.key(below))) this.note(below);
      });
      watcher.on('error', () => this.note(path));
      return watcher;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOSPC' || code === 'EMFILE') {
        this.degraded =
          `the kernel watches no more than ${this.watches.size} folders for you; the others are scanned ` +
          'every few minutes (raise fs.inotify.max_user_watches)';
      }
      return null;
    }
  }

  private note(folder: Buffer): void {
    this.events += 1;
    this.dirty.set(Watcher.key(folder), folder);
    const now = Date.now();
    if (this.timer === null) this.firstAt = now;
    else clearTimeout(this.timer);
    const wait = Math.max(0, Math.min(quietMs, this.firstAt + mostMs - now));
    this.timer = setTimeout(() => this.tell(), wait);
  }

  private tell(): void {
    this.timer = null;
    const folders = [...this.dirty.values()];
    const all = this.events >= manyEvents;
    this.dirty.clear();
    this.events = 0;
    this.listener.changed(folders, all);
  }
}
