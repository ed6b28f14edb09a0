import type { Value } from './binding';
import { Connection, type Outcome } from './connection';

/**
 * The index. Reads run beside writes and see what was committed last; writes queue up, one after another. A
 * transaction gets a `Database` of its own, through which it also reads.
 *
 * Errors: NaniteError `disk-full`, `database-corrupt`, `database-busy`; others as Error with SQLite's as its cause.
 */
export interface Database {
  all<T>(sql: string, ...values: Value[]): Promise<T[]>;
  get<T>(sql: string, ...values: Value[]): Promise<T | undefined>;
  run(sql: string, ...values: Value[]): Promise<Outcome>;
  /** All of it or nothing. Inside a transaction, a part of that one. */
  transaction<T>(work: (within: Database) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** What runs inside a transaction: everything on the connection that writes. */
class Within implements Database {
  constructor(private readonly writer: Connection) {}

  all<T>(sql: string, ...values: Value[]): Promise<T[]> {
    return this.writer.all<T>(sql, values);
  }

  async get<T>(sql: string, ...values: Value[]): Promise<T | undefined> {
    return (await this.writer.all<T>(sql, values))[0];
  }

  run(sql: string, ...values: Value[]): Promise<Outcome> {
    return this.writer.run(sql, values);
  }

  transaction<T>(work: (within: Database) => Promise<T>): Promise<T> {
    return work(this);
  }

  close(): Promise<void> {
    throw new Error('a transaction cannot close its database');
  }
}

/** Two connections: SQLite's write-ahead log lets one read while the other writes. */
export class SqliteDatabase implements Database {
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly reader: Connection,
    private readonly writer: Connection,
  ) {}

  all<T>(sql: string, ...values: Value[]): Promise<T[]> {
    return this.reader.all<T>(sql, values);
  }

  async get<T>(sql: string, ...values: Value[]): Promise<T | undefined> {
    // Not the add-on's get(): that leaves the statement, and its read lock, open.
    return (await this.reader.all<T>(sql, values))[0];
  }

  run(sql: string, ...values: Value[]): Promise<Outcome> {
    return this.queue(() => this.writer.run(sql, values));
  }

  transaction<T>(work: (within: Database) => Promise<T>): Promise<T> {
    return this.queue(async () => {
      await this.writer.run('BEGIN IMMEDIATE', []);
      try {
        const result = await work(new Within(this.writer));
        await this.writer.run('COMMIT', []);
        return result;
      } catch (error) {
        // SQLite has rolled back by itself after some errors, such as a full disk.
        await this.writer.run('ROLLBACK', []).catch(() => undefined);
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    await this.last;
    await this.reader.close();
    await this.writer.close();
  }

  private queue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(work);
    this.last = result.catch(() => undefined);
    return result;
  }
}
