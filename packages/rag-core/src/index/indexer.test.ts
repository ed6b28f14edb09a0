import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { NaniteError } from '@nanite/kit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TestIndex } from './testing';

let index: TestIndex;
const at = (...names: string[]) => join(index.files, ...names);
const write = (name: string, text: string) => {
  mkdirSync(join(at(name), '..'), { recursive: true });
  writeFileSync(at(name), text);
};
const has = (word: string, ...names: string[]) =>
  index.until(async () => JSON.stringify(await index.having(word)) === JSON.stringify(names.sort()));

beforeEach(async () => {
  index = await new TestIndex().open();
});
afterEach(async () => {
  await index.close();
  index.remove();
});

describe('a change of a file is seen', () => {
  beforeEach(async () => {
    write('a.txt', 'apples\n\npears');
    write('sub/b.txt', 'bananas');
    await index.put('fruit');
    await has('apples', 'a.txt');
    await has('bananas', 'sub/b.txt');
    await index.settled();
  });

  test('when it is new, also in a new folder', async () => {
    write('c.txt', 'cherries');
    write('new/deep/d.txt', 'dates');
    await has('cherries', 'c.txt');
    await has('dates', 'new/deep/d.txt');
    write('new/deep/e.txt', 'elderberries');
    await has('elderberries', 'new/deep/e.txt');
  });

  test('when its content changes', async () => {
    appendFileSync(at('a.txt'), '\n\nplums');
    await has('plums', 'a.txt');
    writeFileSync(at('a.txt'), 'quinces');
    await has('quinces', 'a.txt');
    await has('apples');
  });

  test('when it is replaced, as editors do', async () => {
    write('a.txt.new', 'melons');
    renameSync(at('a.txt.new'), at('a.txt'));
    await has('melons', 'a.txt');
    await has('apples');
  });

  test('when it is renamed, without reading it again', async () => {
    await index.settled();
    const reads = index.extractor.read.length;
    const chunks = await index.database.all('SELECT id FROM chunks ORDER BY id');
    renameSync(at('a.txt'), at('sub', 'z.txt'));
    await has('apples', 'sub/z.txt');
    await index.settled();
    expect(index.extractor.read).toHaveLength(reads);
    expect(await index.database.all('SELECT id FROM chunks ORDER BY id')).toEqual(chunks);
  });

  test('when its folder is renamed, without reading it again', async () => {
    const reads = index.extractor.read.length;
    renameSync(at('sub'), at('other'));
    await has('bananas', 'other/b.txt');
    write('other/n.txt', 'nectarines');
    await has('nectarines', 'other/n.txt');
    expect(index.extractor.read).toHaveLength(reads + 1);
  });

  test('when a rename takes the place of another file', async () => {
    renameSync(at('a.txt'), at('sub', 'b.txt'));
    await has('apples', 'sub/b.txt');
    await has('bananas');
  });

  test('when it is deleted', async () => {
    unlinkSync(at('a.txt'));
    await has('apples');
  });

  test('when its folder is deleted, and made again', async () => {
    rmSync(at('sub'), { recursive: true });
    await has('bananas');
    write('sub/b.txt', 'blueberries');
    await has('blueberries', 'sub/b.txt');
    write('sub/c.txt', 'currants');
    await has('currants', 'sub/c.txt');
  });

  test('when another folder takes the place of one', async () => {
    write('spare/b.txt', 'grapes');
    write('spare/in/c.txt', 'guavas');
    await has('guavas', 'spare/in/c.txt');
    rmSync(at('sub'), { recursive: true });
    renameSync(at('spare'), at('sub'));
    await has('grapes', 'sub/b.txt');
    write('sub/in/d.txt', 'figs');
    await has('figs', 'sub/in/d.txt');
  });

  test('when the whole collection is deleted, and comes back', async () => {
    rmSync(index.files, { recursive: true });
    await has('apples');
    await has('bananas');
    const [collection] = await index.collections.list();
    await index.until(async () => (await index.indexer.progress(collection!)).state === 'stopped');
    write('a.txt', 'limes');
    await has('limes', 'a.txt');
    await index.until(async () => (await index.indexer.progress(collection!)).state === 'ready');
  });

  test('when .gitignore changes', async () => {
    write('.gitignore', 'sub/\n');
    await has('bananas');
    unlinkSync(at('.gitignore'));
    await has('bananas', 'sub/b.txt');
  });

  test('only by its stamps when just they change: it is not extracted again', async () => {
    const reads = index.extractor.read.length;
    chmodSync(at('a.txt'), 0o600);
    const ctime = async () =>
      (
        await index.database.get<{ ctime: string }>(
          'SELECT ctime FROM files WHERE title IS NULL ORDER BY path',
        )
      )?.ctime;
    const before = await ctime();
    await index.until(async () => (await ctime()) !== before);
    expect(index.extractor.read).toHaveLength(reads);
    expect(await index.having('apples')).toEqual(['a.txt']);
  });
});

describe('a restart', () => {
  test('finds what changed meanwhile, and reads nothing else', async () => {
    write('a.txt', 'apples');
    write('b.txt', 'bananas');
    write('c.txt', 'cherries');
    await index.put('fruit');
    await has('cherries', 'c.txt');
    await index.settled();
    await index.close();
    index.extractor.read.length = 0;
    writeFileSync(at('a.txt'), 'apricots');
    unlinkSync(at('b.txt'));
    renameSync(at('c.txt'), at('d.txt'));
    await index.open();
    await has('apricots', 'a.txt');
    await has('bananas');
    await has('cherries', 'd.txt');
    expect(index.extractor.read).toEqual([at('a.txt')]);
  });
});

describe('a file that cannot be read', () => {
  test('is set aside with its reason, and the rest goes on', async () => {
    write('bad.txt', '!it is broken');
    write('good.txt', 'apples');
    await index.put('fruit');
    await has('apples', 'good.txt');
    await index.settled();
    expect(await index.database.all('SELECT state, reason_code, reason FROM files ORDER BY path')).toEqual([
      { state: 'aside', reason_code: 'damaged', reason: 'it is broken' },
      { state: 'indexed', reason_code: null, reason: null },
    ]);
    const [collection] = await index.collections.list();
    const progress = await index.indexer.progress(collection!);
    expect(progress).toMatchObject({ state: 'ready', files: { found: 2, indexed: 1, aside: 1 } });
    write('bad.txt', 'berries');
    await has('berries', 'bad.txt');
  });

  test('is known by name where it is nothing that has text', async () => {
    writeFileSync(at('program'), Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 3]));
    await index.put('fruit');
    await index.until(
      async () => (await index.database.all('SELECT * FROM names_fts(?)', 'progr')).length === 1,
    );
    expect(index.extractor.read).toEqual([]);
  });
});

describe('a collection', () => {
  test('can be paused, and catches up', async () => {
    write('a.txt', 'apples');
    await index.put('fruit');
    await has('apples', 'a.txt');
    await index.put('fruit', { paused: true });
    write('b.txt', 'bananas');
    write('sentinel/c.txt', 'cherries');
    await index.put('other', { roots: [at('sentinel')] });
    await has('cherries', 'sentinel/c.txt');
    expect(await index.having('bananas')).toEqual([]);
    await index.put('fruit', { paused: false });
    await has('bananas', 'b.txt');
  });

  test('changes with its rules', async () => {
    write('a.txt', 'apples');
    write('b.md', 'bananas');
    await index.put('fruit');
    await has('apples', 'a.txt');
    await index.put('fruit', { include: ['*.md'] });
    await has('apples');
    await has('bananas', 'b.md');
  });

  test('is forgotten when it is removed, and another with the same files stays', async () => {
    write('a.txt', 'apples');
    await index.put('one');
    await index.put('two');
    await index.until(async () => (await index.database.all('SELECT id FROM chunks')).length === 2);
    await index.collections.remove('one');
    index.indexer.set(await index.collections.list());
    expect(await index.database.all('SELECT id FROM chunks')).toHaveLength(1);
    write('a.txt', 'apricots');
    await has('apricots', 'a.txt');
  });

  test('may be a single file, whatever its name', async () => {
    write('.hidden', 'hazelnuts');
    write('beside.txt', 'almonds');
    await index.put('one', { roots: [at('.hidden')] });
    await has('hazelnuts', '.hidden');
    write('.hidden', 'pecans');
    await has('pecans', '.hidden');
    expect(await index.having('almonds')).toEqual([]);
    unlinkSync(at('.hidden'));
    await has('pecans');
  });

  test('has its folders once, links resolved', async () => {
    mkdirSync(at('in'));
    symlinkSync(index.files, join(index.folder, 'link'));
    await index.put('one', { roots: [at('in'), join(index.folder, 'link'), index.files] });
    expect((await index.collections.find('one')).roots.map(({ path }) => path.toString())).toEqual([
      index.files,
    ]);
  });

  test.each([
    ['no-such-folder', { roots: ['/nowhere/at/all'] }],
    ['bad-path', { roots: ['relative'] }],
    ['no-roots', { paused: true }],
  ])('is refused with %s', async (code, request) => {
    await expect(index.collections.put('x', request)).rejects.toMatchObject({ code });
  });

  test('is made again from the file beside a lost database', async () => {
    await index.put('fruit', { roots: [index.files], exclude: ['*.log'] });
    const before = await index.collections.list();
    await index.close();
    for (const name of ['index.db', 'index.db-wal', 'index.db-shm'])
      rmSync(join(index.folder, name), { force: true });
    await index.open();
    expect(await index.collections.list()).toEqual([]);
    expect(await index.collections.restore()).toBe(1);
    expect(await index.collections.list()).toEqual(before);
  });
});

describe('names that are not text', () => {
  test('are kept as they are', async () => {
    const name = Buffer.concat([
      Buffer.from(index.files),
      Buffer.from([0x2f, 0x0a, 0xff, 0x2e, 0x74, 0x78, 0x74]),
    ]);
    writeFileSync(name, 'apples');
    await index.put('fruit');
    await index.until(async () => (await index.having('apples')).length === 1);
    expect(await index.database.all('SELECT path FROM files')).toEqual([{ path: name }]);
    unlinkSync(name);
    await has('apples');
  });
});

describe('what is wrong with the machine', () => {
  test('many files wait on battery, and say so', async () => {
    await index.close();
    let wait: string | null = 'the computer is running on battery';
    await index.open({ restraint: () => Promise.resolve({ wait, rest: 0 }) });
    write('a.txt', 'apples');
    await index.put('fruit');
    const [collection] = await index.collections.list();
    await index.until(async () => (await index.indexer.progress(collection!)).state === 'waiting');
    expect(await index.indexer.progress(collection!)).toMatchObject({
      why: wait,
      files: { found: 1, indexed: 0, aside: 0 },
    });
    wait = null;
    index.indexer.rescan(collection!.id);
    await has('apples', 'a.txt');
  });

  test('a full disk stops it with the reason', async () => {
    await index.close();
    const full = new NaniteError('disk-full', 'there is no room on the disk');
    await index.open({
      extractor: {
        extract: () => Promise.reject(new Error('not asked')),
        passages: () => Promise.reject(Object.assign(new Error('write'), { code: 'ENOSPC', cause: full })),
        close: () => Promise.resolve(),
      },
    });
    write('a.txt', 'apples');
    await index.put('fruit');
    const [collection] = await index.collections.list();
    await index.until(async () => (await index.indexer.progress(collection!)).state === 'stopped');
    expect((await index.indexer.progress(collection!)).why).toContain('too full');
    // Nothing was stored about the file: it is not a fault of it.
    expect(await index.database.all('SELECT id FROM files')).toEqual([]);
  });

  test('words are ready where nothing makes vectors, and it is said', async () => {
    await index.close();
    await index.open({ vectors: { some: () => Promise.resolve(0), down: true } });
    write('a.txt', 'apples');
    await index.put('fruit');
    const [collection] = await index.collections.list();
    await index.until(async () => (await index.indexer.progress(collection!)).why !== null);
    expect(await index.indexer.progress(collection!)).toMatchObject({
      state: 'ready',
      why: expect.stringContaining('words only'),
      chunks: { all: 1, embedded: 0 },
    });
  });

  test('what comes while vectors are looked for is not taken for a sign that nothing makes them', async () => {
    await index.close();
    let looks = 0;
    await index.open({
      vectors: {
        down: false,
        some: async () => {
          if (looks++ > 0)
            return (await index.database.run('UPDATE chunks SET vector = 1 WHERE vector = 0')).changes;
          // The first look begins before there is a collection, and takes until there are chunks.
          await index.until(async () => (await index.database.get('SELECT 1 FROM chunks')) !== undefined);
          return 0;
        },
      },
    });
    write('a.txt', 'apples');
    await index.put('fruit');
    const [collection] = await index.collections.list();
    await index.until(async () => (await index.indexer.progress(collection!)).chunks.embedded === 1);
    expect((await index.indexer.progress(collection!)).why).toBeNull();
  });

  test('vectors are made when the words are done, and asked for again where there are none', async () => {
    await index.close();
    const seen: number[] = [];
    await index.open({
      vectors: {
        down: false,
        some: async () => {
          const rows = await index.database.all<{ id: number }>(
            'SELECT id FROM chunks WHERE vector = 0 LIMIT 1',
          );
          for (const { id } of rows)
            await index.database.run('UPDATE chunks SET vector = 1 WHERE id = ?', id);
          seen.push(rows.length);
          return rows.length;
        },
      },
    });
    write('a.txt', 'apples\n\npears\n\nplums');
    await index.put('fruit');
    const [collection] = await index.collections.list();
    await index.until(async () => (await index.indexer.progress(collection!)).chunks.embedded === 3);
    await index.until(() => seen.at(-1) === 0);
    expect(await index.indexer.progress(collection!)).toMatchObject({
      state: 'ready',
      chunks: { all: 3, embedded: 3 },
    });
  });
});
