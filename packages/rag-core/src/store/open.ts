import { chmodSync, closeSync, existsSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { NaniteError } from '@nanite/kit';
import { Connection } from './connection';
import { SqliteDatabase, type Database } from './database';
import { steps } from './schema';

export interface Opened {
  database: Database;
  /** Whether it was made just now and is empty. */
  fresh: boolean;
  /** Where a damaged database was moved to; null: there was none. */
  setAside: string | null;
}

const doubt = (path: string): string => `${path}.doubt`;

/** Note that the index is damaged in a way that opening it may not show: the next {@link openDatabase} sets it aside. */
export function distrust(path: string): void {
  writeFileSync(doubt(path), '', { mode: 0o600 });
}

/**
 * Open the index, make it where there is none, and bring its tables up to date.
 *
 * A damaged file is moved aside, for whoever wants to look at it, and an empty one takes its place: the person's files
 * are the truth and are indexed again.
 * @param path a file, not `:memory:` (two connections share it)
 * @param whole whether it was closed in order: it is not read through in search of damage
 * @throws NaniteError `database-newer`, `disk-full`, `sqlite-missing`
 */
export async function openDatabase(path: string, whole = false): Promise<Opened> {
  if (!existsSync(doubt(path))) {
    try {
      return { ...(await openSound(path, whole)), setAside: null };
    } catch (error) {
      if (!(error instanceof NaniteError) || error.code !== 'database-corrupt') throw error;
    }
  }
  const aside = `${path}.damaged`;
  if (existsSync(path)) renameSync(path, aside);
  for (const beside of ['-wal', '-shm']) rmSync(`${path}${beside}`, { force: true });
  rmSync(doubt(path), { force: true });
  return { ...(await openSound(path)), setAside: aside };
}

async function openSound(path: string, whole = false): Promise<{ database: Database; fresh: boolean }> {
  // Only the person: SQLite gives its files beside it the same mode.
  if (existsSync(path)) chmodSync(path, 0o600);
  else closeSync(openSync(path, 'a', 0o600));
  const writer = await Connection.open(path);
  try {
    await prepare(writer);
    const fresh = await migrate(writer);
    if (!whole) await check(writer);
    const reader = await Connection.open(path);
    await prepare(reader);
    return { database: new SqliteDatabase(reader, writer), fresh };
  } catch (error) {
    await writer.close();
    throw error;
  }
}

async function prepare(connection: Connection): Promise<void> {
  // NORMAL: after a power cut the last transactions may be missing, never half there; the next scan does them again.
  await connection.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA foreign_keys = ON;
    PRAGMA journal_size_limit = 16777216;
    PRAGMA temp_store = MEMORY;
  `);
}

/** @returns whether there was nothing yet */
async function migrate(connection: Connection): Promise<boolean> {
  const [row] = await connection.all<{ user_version: number }>('PRAGMA user_version', []);
  const version = row?.user_version ?? 0;
  if (version > steps.length) {
    throw new NaniteError('database-newer', 'the index was made by a newer version of nanite-rag', {
      hint: 'upgrade nanite-rag, or move the index away: your files are then indexed again',
    });
  }
  for (const [at, step] of steps.entries()) {
    if (at < version) continue;
    await connection.exec('BEGIN IMMEDIATE');
    try {
      await connection.exec(`${step}; PRAGMA user_version = ${at + 1};`);
      await connection.exec('COMMIT');
    } catch (error) {
      await connection.exec('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }
  return version === 0;
}

/** @throws NaniteError `database-corrupt` */
async function check(connection: Connection): Promise<void> {
  const found = await connection.all<{ quick_check: string }>('PRAGMA quick_check(1)', []);
  if (found[0]?.quick_check === 'ok') return;
  throw new NaniteError('database-corrupt', `the index is damaged: ${found[0]?.quick_check ?? 'no answer'}`);
}
