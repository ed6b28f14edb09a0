import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { distrust, openDatabase, type Database } from '.';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-store-'));
  path = join(folder, 'index.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

const withDatabase = async <T>(work: (database: Database) => Promise<T>): Promise<T> => {
  const { database } = await openDatabase(path);
  try {
    return await work(database);
  } finally {
    await database.close();
  }
};

/** A collection with one root and one file of two chunks. */
async function fill(database: Database, name = 'notes'): Promise<{ file: number; collection: number }> {
  const { lastId: collection } = await database.run(
    "INSERT INTO collections (name, options, created) VALUES (?, '{}', '2026-11-23')",
    name,
  );
  const { lastId: root } = await database.run(
    'INSERT INTO roots (collection, path) VALUES (?, ?)',
    collection,
    Buffer.from('/home/ada/notes'),
  );
  const { lastId: file } = await database.run(
    `INSERT INTO files (root, collection, path, folder, identity, ctime, size, modified, type, title, state, indexed)
     VALUES (?, ?, ?, ?, '1:2:3:4', '5', 3, 4, 'text', 'Tides', 'indexed', '2026-11-23')`,
    root,
    collection,
    Buffer.from([0x2f, 0xff, 0x0a]),
    Buffer.from('/'),
  );
  for (const [ordinal, text] of ['The moon pulls the sea.', 'Crème brûlée is burnt.'].entries()) {
    await database.run(
      `INSERT INTO chunks (file, collection, ordinal, text, headings, place, kind, hash)
       VALUES (?, ?, ?, ?, '["Ebb"]', '{}', 'prose', ?)`,
      file,
      collection,
      ordinal,
      text,
      `${ordinal}`,
    );
  }
  return { file, collection };
}
const found = async (database: Database, words: string) =>
  (await database.all<{ rowid: number }>('SELECT rowid FROM chunks_fts WHERE chunks_fts MATCH ?', words)).map(
    ({ rowid }) => rowid,
  );

describe('a database', () => {
  test('keeps names that are not UTF-8, byte by byte', () =>
    withDatabase(async (database) => {
      await fill(database);
      const row = await database.get<{ path: Buffer }>('SELECT path FROM files');
      expect(row?.path).toEqual(Buffer.from([0x2f, 0xff, 0x0a]));
    }));

  test('finds words by stem and without accents, in title, headings and text', () =>
    withDatabase(async (database) => {
      await fill(database);
      expect(await found(database, 'pulling')).toEqual([1]);
      expect(await found(database, 'creme')).toEqual([2]);
      expect(await found(database, 'tide')).toEqual([1, 2]);
      expect(await found(database, 'headings:ebb')).toEqual([1, 2]);
      expect(await found(database, 'sun')).toEqual([]);
    }));

  test('forgets chunks and words with their file, and leaves word for the vectors', () =>
    withDatabase(async (database) => {
      const { file, collection } = await fill(database);
      await database.run('UPDATE chunks SET vector = 1 WHERE ordinal = 1');
      await database.run('DELETE FROM files WHERE id = ?', file);
      expect(await database.all('SELECT id FROM chunks')).toEqual([]);
      expect(await found(database, 'moon')).toEqual([]);
      expect(await database.all('SELECT * FROM vectors_gone')).toEqual([{ chunk: 2, collection }]);
    }));

  test('never gives an id twice', () =>
    withDatabase(async (database) => {
      const { file } = await fill(database);
      await database.run('DELETE FROM files WHERE id = ?', file);
      const again = await fill(database, 'other');
      expect(again.file).toBe(file + 1);
      expect(await database.all('SELECT id FROM chunks ORDER BY id')).toEqual([{ id: 3 }, { id: 4 }]);
    }));

  test('does all of a transaction or nothing, and shows nothing of it before', () =>
    withDatabase(async (database) => {
      const failed = database.transaction(async (within) => {
        await fill(within);
        expect(await within.all('SELECT id FROM chunks')).toHaveLength(2);
        expect(await database.all('SELECT id FROM chunks')).toHaveLength(0);
        throw new Error('enough');
      });
      await expect(failed).rejects.toThrow('enough');
      expect(await database.all('SELECT id FROM files')).toEqual([]);
      expect(await found(database, 'moon')).toEqual([]);
      await database.transaction((within) => fill(within));
      expect(await database.all('SELECT id FROM chunks')).toHaveLength(2);
    }));

  test('runs transactions one after another', () =>
    withDatabase(async (database) => {
      await database.run("INSERT INTO facts VALUES ('n', '0')");
      await Promise.all(
        Array.from({ length: 20 }, () =>
          database.transaction(async (within) => {
            const row = await within.get<{ value: string }>("SELECT value FROM facts WHERE name = 'n'");
            await within.run("UPDATE facts SET value = ? WHERE name = 'n'", String(Number(row?.value) + 1));
          }),
        ),
      );
      expect(await database.get('SELECT value FROM facts')).toEqual({ value: '20' });
    }));

  test('keeps prepared statements right when there are many different ones', () =>
    withDatabase(async (database) => {
      const answers = await Promise.all(
        Array.from({ length: 300 }, (_, n) => database.get<{ n: number }>(`SELECT ${n % 150} + ? AS n`, 1)),
      );
      expect(answers.map((row) => row?.n)).toEqual(Array.from({ length: 300 }, (_, n) => (n % 150) + 1));
    }));

  test('is for its owner only', () =>
    withDatabase(async (database) => {
      await fill(database);
      for (const file of [path, `${path}-wal`]) expect(statSync(file).mode & 0o777).toBe(0o600);
    }));

  test('is still there after a close', async () => {
    await withDatabase(fill);
    expect(await withDatabase((database) => found(database, 'moon'))).toEqual([1]);
  });
});

describe('a damaged database', () => {
  test.each([
    ['is no database', () => writeFileSync(path, 'x'.repeat(10_000))],
    [
      'has a hole',
      () => {
        const bytes = readFileSync(path);
        bytes.fill(0xa5, 4096, bytes.length);
        writeFileSync(path, bytes);
      },
    ],
  ])('that %s is set aside, and an empty one takes its place', async (_, damage) => {
    await withDatabase(fill);
    damage();
    const bad = join(folder, 'copy');
    copyFileSync(path, bad);
    const { database, setAside } = await openDatabase(path);
    expect(setAside).toBe(`${path}.damaged`);
    expect(readFileSync(setAside!)).toEqual(readFileSync(bad));
    await fill(database);
    expect(await found(database, 'moon')).toEqual([1]);
    await database.close();
    expect(existsSync(path)).toBe(true);
  });

  test('is set aside too where its user had reason to doubt it', async () => {
    await withDatabase(fill);
    distrust(path);
    const { database, fresh } = await openDatabase(path);
    expect(fresh).toBe(true);
    await database.close();
    const again = await openDatabase(path);
    expect(again).toMatchObject({ fresh: false, setAside: null });
    await again.database.close();
  });

  test('of a newer version is left alone', async () => {
    await withDatabase((database) => database.run('PRAGMA user_version = 999'));
    await expect(openDatabase(path)).rejects.toMatchObject({ code: 'database-newer' });
    expect(existsSync(`${path}.damaged`)).toBe(false);
  });
});
