import { EventEmitter } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { NaniteError } from '@nanite/kit';

/** What SQLite can bind and give back. Integers beyond 2^53 lose digits on the way: keep those as text. */
export type Value = string | number | Buffer | null;

type Callback<T extends unknown[] = []> = (error: Error | null, ...values: T) => void;

export interface NativeStatement {
  run(values: Value[], done: (this: { lastID: number; changes: number }, error: Error | null) => void): void;
  all(values: Value[], done: Callback<[unknown[]]>): void;
  finalize(done?: () => void): void;
}

export interface NativeDatabase {
  exec(sql: string, done: Callback): void;
  close(done: Callback): void;
  configure(option: 'busyTimeout', milliseconds: number): void;
  interrupt(): void;
}

interface Binding {
  Database: new (path: string, mode: number, done: Callback) => NativeDatabase;
  Statement: new (database: NativeDatabase, sql: string, done: Callback) => NativeStatement;
  OPEN_READONLY: number;
  OPEN_READWRITE: number;
  OPEN_CREATE: number;
  OPEN_FULLMUTEX: number;
}

let binding: Binding | undefined;

/**
 * The add-on inside Debian's node-sqlite3, for any architecture: Debian's Node looks for modules in its multiarch
 * folder by itself. The module's own JavaScript is left out: to find this one file it loads node-pre-gyp, 10 MB of it.
 *
 * @throws NaniteError `sqlite-missing`
 */
export function sqlite(): Binding {
  if (binding !== undefined) return binding;
  try {
    const require = createRequire('/usr/lib/nanite/rag/');
    const folder = join(dirname(require.resolve('sqlite3')), 'binding');
    const file = readdirSync(folder)
      .sort()
      .reverse()
      .map((abi) => join(folder, abi, 'node_sqlite3.node'))
      .find((path) => existsSync(path));
    if (file === undefined) throw new Error(`there is no node_sqlite3.node in ${folder}`);
    const loaded = require(file) as Binding;
    // As its own JavaScript does: the add-on emits events on its objects.
    Object.setPrototypeOf(loaded.Database.prototype, EventEmitter.prototype as object);
    Object.setPrototypeOf(loaded.Statement.prototype, EventEmitter.prototype as object);
    return (binding = loaded);
  } catch (cause) {
    throw new NaniteError('sqlite-missing', 'SQLite cannot be loaded', {
      hint: 'apt install node-sqlite3',
      cause,
    });
  }
}
