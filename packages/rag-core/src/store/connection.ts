import { NaniteError } from '@nanite/kit';
import { sqlite, type NativeDatabase, type NativeStatement, type Value } from './binding';

/** What a statement that returns no rows did. */
export interface Outcome {
  changes: number;
  /** Row id of the last INSERT. */
  lastId: number;
}

/** Statements kept prepared; parsing costs as much as running most of ours. */
const keptStatements = 64;

/** How long a statement waits for another connection's write, in milliseconds. */
const busyTimeout = 10_000;

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code ?? '');

/** Errors of SQLite that say something a person can act on; others stay as they are. */
export function databaseError(error: unknown, sql: string): Error {
  const cause = error instanceof Error ? error : new Error(String(error));
  switch (codeOf(error)) {
    case 'SQLITE_FULL':
      return new NaniteError('disk-full', 'the disk is too full for the index', {
        hint: 'free some space; indexing then continues by itself',
        status: 507,
        cause,
      });
    case 'SQLITE_CORRUPT':
    case 'SQLITE_NOTADB':
      return new NaniteError('database-corrupt', 'the index is damaged', {
        hint: 'restart nanite-rag: it sets the damaged file aside and indexes your files again',
        cause,
      });
    case 'SQLITE_BUSY':
      return new NaniteError('database-busy', 'another program is writing to the index', {
        status: 503,
        cause,
      });
    default:
      return new Error(`SQLite failed on: ${sql.trim().split('\n')[0]}`, { cause });
  }
}

/** One connection to a file, with its prepared statements. */
export class Connection {
  private readonly statements = new Map<string, NativeStatement>();

  private constructor(private readonly native: NativeDatabase) {}

  static async open(path: string): Promise<Connection> {
    const { Database, OPEN_READWRITE, OPEN_CREATE, OPEN_FULLMUTEX } = sqlite();
    const native = await new Promise<NativeDatabase>((resolve, reject) => {
      const opened = new Database(path, OPEN_READWRITE | OPEN_CREATE | OPEN_FULLMUTEX, (error) =>
        error === null ? resolve(opened) : reject(databaseError(error, `open ${path}`)),
      );
    });
    native.configure('busyTimeout', busyTimeout);
    return new Connection(native);
  }

  /** Several statements at once, without values. */
  exec(sql: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.native.exec(sql, (error) => (error === null ? resolve() : reject(databaseError(error, sql))));
    });
  }

  async all<T>(sql: string, values: Value[]): Promise<T[]> {
    const statement = await this.prepare(sql);
    return new Promise((resolve, reject) => {
      statement.all(values, (error, rows) =>
        error === null ? resolve(rows as T[]) : reject(databaseError(error, sql)),
      );
    });
  }

  async run(sql: string, values: Value[]): Promise<Outcome> {
    const statement = await this.prepare(sql);
    return new Promise((resolve, reject) => {
      statement.run(values, function (error) {
        if (error === null) resolve({ changes: this.changes, lastId: this.lastID });
        else reject(databaseError(error, sql));
      });
    });
  }

  async close(): Promise<void> {
    for (const statement of this.statements.values()) statement.finalize();
    this.statements.clear();
    await new Promise<void>((resolve, reject) => {
      this.native.close((error) => (error === null ? resolve() : reject(databaseError(error, 'close'))));
    });
  }

  private async prepare(sql: string): Promise<NativeStatement> {
    const known = this.statements.get(sql);
    if (known !== undefined) {
      // The one that was not used for longest comes first.
      this.statements.delete(sql);
      this.statements.set(sql, known);
      return known;
    }
    const statement = await new Promise<NativeStatement>((resolve, reject) => {
      const { Statement } = sqlite();
      const prepared = new Statement(this.native, sql, (error) =>
        error === null ? resolve(prepared) : reject(databaseError(error, sql)),
      );
    });
    const twin = this.statements.get(sql);
    if (twin !== undefined) {
      statement.finalize();
      return twin;
    }
    this.statements.set(sql, statement);
    if (this.statements.size > keptStatements) {
      const [oldest, unused] = this.statements.entries().next().value!;
      this.statements.delete(oldest);
      // The add-on finalises it after what was asked of it already.
      unused.finalize();
    }
    return statement;
  }
}
