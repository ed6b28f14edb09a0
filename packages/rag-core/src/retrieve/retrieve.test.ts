import { mkdirSync, writeFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { SearchRequest } from '@nanite/contracts';
import { SearchAnswer } from '@nanite/contracts';
import { createLog, NaniteError } from '@nanite/kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestIndex } from '../index/testing';
import { Chroma, prepareVectors, VectorKeeper } from '../vectors';
import { FakeChroma, WordEmbedder } from '../vectors/testing';
import type { RetrieveParts } from './parts';
import { reranked } from './rerank';
import { narrowed } from './filter';
import { retrieve } from './retrieve';
import { typedCandidates } from './sparse';
import { termsOf } from './terms';

const files: Record<string, string> = {
  'fruit/apples.txt': 'apples grow on trees in the garden',
  'fruit/copy-of-apples.txt': 'apples grow on trees in the garden',
  'fruit/pears.md': '# Pears\n\npears grow on trees as well, in another garden',
  'europe/groesse.txt': 'Die größte Größe einer Datei hängt vom Dateisystem ab',
  'europe/editeur.txt': 'L’éditeur préféré de l’utilisateur',
  'sea/ships.txt': 'ships sail over the sea',
  'sea/secret.txt': 'ships carry apples over the sea, in secret',
  'sea/hamlet.txt': 'to be or not to be',
  'sea/numbers.txt': 'invoice2024 was sent by ipv6, with 3.14 and 1,400 in it',
  'sea/quarterly-report.txt': 'figures and numbers',
};

let index: TestIndex;
let chroma: FakeChroma;
let parts: RetrieveParts;
const embedder = new WordEmbedder();
const unreadable = new Set<string>();
const signal = new AbortController().signal;

beforeAll(async () => {
  index = new TestIndex();
  for (const [name, text] of Object.entries(files)) {
    const path = join(index.files, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text);
    const when = name.startsWith('sea/') ? new Date('2024-05-05') : new Date('2026-05-05');
    utimesSync(path, when, when);
  }
  await index.open();
  await index.put('fruit', { roots: [join(index.files, 'fruit')] });
  await index.put('europe', { roots: [join(index.files, 'europe')] });
  await index.put('sea', { roots: [join(index.files, 'sea')] });
  await index.settled();
  chroma = await new FakeChroma(join(index.folder, 'chroma.sock')).start();
  const { database } = index;
  const vectors = new Chroma(await prepareVectors(database, embedder.model), embedder.model, chroma.path);
  const keeper = new VectorKeeper({ database, vectors, embedder, log: createLog(() => undefined) });
  while ((await keeper.some(signal)) > 0);
  const mayRead = (path: Buffer) =>
    Promise.resolve(!unreadable.has(path.toString().slice(index.files.length + 1)));
  parts = { database, vectors, embedder, mayRead };
});
afterAll(async () => {
  await index.close();
  await chroma.stop();
  index.remove();
});

const search = (query: string, more: Partial<SearchRequest> = {}, with_: Partial<RetrieveParts> = {}) =>
  retrieve({ query, limit: 10, filter: {}, mode: 'hybrid', ...more }, { ...parts, ...with_ }, signal);
const names = async (...args: Parameters<typeof search>) =>
  (await search(...args)).hits.map(({ passage }) => passage.path.slice(index.files.length + 1));

describe('retrieve', () => {
  it('finds by words and meaning, and says where', async () => {
    const { hits, notes } = await search('ships that sail');
    expect(notes).toEqual([]);
    expect(hits[0]!.passage).toMatchObject({
      text: 'ships sail over the sea',
      collection: 'sea',
      type: 'text',
    });
    expect(hits[0]!.ranks).toMatchObject({ sparse: 1, dense: 1, name: null });
    expect(SearchAnswer.safeParse({ hits, notes, milliseconds: 1 }).success).toBe(true);
  });

  it.each([
    ['GRÖSSE', []],
    ['große', ['europe/groesse.txt']],
    ['der Größe', ['europe/groesse.txt']],
    ['hangt', ['europe/groesse.txt']],
    ['Dateien', []],
    ["l'editeur", ['europe/editeur.txt']],
    ['utilisateurs préférés', ['europe/editeur.txt']],
  ])('finds words of other languages, with marks and without: %s', async (query, expected) => {
    expect(await names(query, { mode: 'sparse' })).toEqual(expected);
  });

  it('folds equal passages', async () => {
    const { hits } = await search('apples on trees in the garden');
    const apples = hits.filter(({ passage }) => passage.text.startsWith('apples grow'));
    expect(apples).toHaveLength(1);
    expect(apples[0]!.duplicates).toHaveLength(1);
  });

  it.each(['sparse', 'dense', 'hybrid', 'names'] as const)(
    'leaves out what may not be read: %s',
    async (mode) => {
      const query = 'ships carry apples in secret';
      // Control: it is found while it may be read.
      expect(await names(query, { mode })).toContain('sea/secret.txt');
      unreadable.add('sea/secret.txt');
      expect(await names(query, { mode })).not.toContain('sea/secret.txt');
      expect(JSON.stringify(await search(query, { mode }))).not.toContain('in secret');
      unreadable.clear();
    },
  );

  it('shows another copy where one may not be read', async () => {
    unreadable.add('fruit/apples.txt');
    const { hits } = await search('apples on trees in the garden');
    expect(hits[0]!.passage.path).toContain('copy-of-apples');
    expect(hits[0]!.duplicates).toEqual([]);
    unreadable.clear();
  });

  it.each<[string, SearchRequest['filter'], string[]]>([
    ['collection', { collections: ['sea'] }, ['sea/secret.txt']],
    ['type', { types: ['markdown'] }, ['fruit/pears.md']],
    ['path below the folder', { path: '**/pe*' }, ['fruit/pears.md']],
    ['date after', { after: '2025-01-01' }, ['fruit/apples.txt', 'fruit/pears.md']],
    ['date before', { before: '2025-01-01', types: ['text'] }, ['sea/secret.txt']],
    ['nothing left', { types: ['pdf'] }, []],
  ])('narrows by %s', async (_, filter, expected) => {
    for (const mode of ['sparse', 'hybrid'] as const) {
      const found = new Set(await names('apples pears', { filter, mode }));
      for (const name of expected) expect(found).toContain(name);
      // By meaning everything is near everything: what the filter leaves out must not be among it all the same.
      if (mode === 'sparse') expect([...found].sort()).toEqual(expected);
    }
  });

  it('keeps to the filter by meaning too', async () => {
    const all = await names('apples pears', { mode: 'dense' });
    expect(new Set(all.map((name) => name.split('/')[0]))).toEqual(new Set(['fruit', 'europe', 'sea']));
    const markdown = await names('apples pears', { mode: 'dense', filter: { types: ['markdown'] } });
    expect(new Set(markdown)).toEqual(new Set(['fruit/pears.md']));
    const sea = await names('apples pears', { mode: 'dense', filter: { collections: ['sea'] } });
    expect(new Set(sea.map((name) => name.split('/')[0]))).toEqual(new Set(['sea']));
  });

  it('names the collections that there are', async () => {
    await expect(search('x', { filter: { collections: ['sky'] } })).rejects.toMatchObject({
      code: 'no-such-collection',
      hint: 'there are: europe, fruit, sea',
    });
  });

  it('answers by words while Chroma is down, and says so', async () => {
    await chroma.stop();
    const { hits, notes } = await search('ships');
    expect(hits.length).toBeGreaterThan(0);
    expect(notes[0]).toContain('not searched by meaning: Chroma');
    await expect(search('ships', { mode: 'dense' })).rejects.toMatchObject({ code: 'vectors-down' });
    await chroma.start();
    expect((await search('ships')).notes).toEqual([]);
  });

  it('answers by words while the model is missing, and says how to get it', async () => {
    const fails = new NaniteError('model-missing', 'the model m is not installed', {
      hint: 'apt install m',
      status: 503,
    });
    const without = { embedder: Object.assign(new WordEmbedder(), { fails }) };
    const { hits, notes } = await search('ships', {}, without);
    expect(hits.length).toBeGreaterThan(0);
    expect(notes).toEqual(['not searched by meaning: the model m is not installed (apt install m)']);
  });

  it('says of what it found by words alone, and who asks may read, that its meaning is not known yet', async () => {
    const { database } = parts;
    const of = "chunk IN (SELECT id FROM chunks WHERE text LIKE 'ships %')";
    await database.run(`CREATE TEMP TABLE held AS SELECT * FROM vectors WHERE ${of}`);
    await database.run(`DELETE FROM vectors WHERE ${of}`);
    const none = { query: () => Promise.resolve([]) } as unknown as RetrieveParts['vectors'];
    try {
      const both = await search('ships', {}, { vectors: none });
      expect(both.hits[0]!.ranks).toMatchObject({ sparse: 1, dense: null });
      expect(both.notes).toEqual([
        'the meaning of 2 passages is not known yet: they were found by words alone',
      ]);
      unreadable.add('sea/secret.txt');
      const { notes } = await search('ships', {}, { vectors: none });
      expect(notes).toEqual(['the meaning of 1 passage is not known yet: it was found by words alone']);
    } finally {
      unreadable.clear();
      await database.run('INSERT INTO vectors SELECT * FROM held');
    }
    expect((await search('ships')).notes).toEqual([]);
  });

  it('finds common words where a question has no others', async () => {
    expect((await names('to be or not to be', { mode: 'sparse' }))[0]).toBe('sea/hamlet.txt');
  });

  it.each(['invoice2024', 'IPv6', '3.14', '1,400'])('finds %s by words', async (word) => {
    expect(await names(word, { mode: 'sparse' })).toEqual(['sea/numbers.txt']);
  });

  it.each([
    '"',
    "'; DROP TABLE chunks; --",
    'AND OR NOT',
    'body:ships',
    'ships*',
    '(',
    '-',
    '☃',
    'NEAR(a b)',
    '\0',
  ])('takes any characters: %j', async (query) => {
    for (const mode of ['sparse', 'hybrid', 'names'] as const) {
      await expect(search(query, { mode })).resolves.toBeDefined();
    }
  });

  it.each([0, 1000])(
    'finds words that go on, also those that too many chunks hold to weigh them (%i)',
    async (weighed) => {
      const { database } = index;
      const narrow = await narrowed(database, {});
      const terms = await termsOf(database, 'garden appl');
      const found = await typedCandidates(database, terms, narrow, 10, weighed);
      const texts = await database.all<{ text: string }>(
        'SELECT text FROM chunks WHERE id IN (SELECT value FROM json_each(?))',
        JSON.stringify(found),
      );
      expect(new Set(texts.map(({ text }) => text))).toEqual(
        new Set([
          'apples grow on trees in the garden',
          'pears grow on trees as well, in another garden',
          'ships carry apples over the sea, in secret',
        ]),
      );
    },
  );

  it('finds names of files as one types, before texts', async () => {
    expect((await names('quarterl', { mode: 'names' }))[0]).toBe('sea/quarterly-report.txt');
    expect(await names('quarterl', { mode: 'sparse' })).toEqual([]);
  });

  describe('with a reranker', () => {
    const query = 'apples ships pears';
    const ranker = (judge: (passage: string) => number, reads = Infinity) => ({
      model: 'r',
      ready: () => Promise.resolve(true),
      rerank: (_: string, passages: readonly string[]) =>
        Promise.resolve(passages.slice(0, reads).map(judge)),
    });
    const secret = (passage: string) => (passage.includes('secret') ? 0.9 : 0.1);

    it('goes by its order, and leaves the scores as they are', async () => {
      const before = await search(query);
      const { hits } = await search(query, {}, { reranker: ranker(secret) });
      expect(before.hits[0]!.passage.path).not.toContain('secret.txt');
      expect(hits[0]!.passage.path).toContain('secret.txt');
      expect(hits[0]!.ranks.rerank).toBe(1);
      const score = (of: typeof hits) => of.find(({ passage }) => passage.path.includes('secret.txt'))!.score;
      expect(score(hits)).toBe(score(before.hits));
    });

    it('gives it the title and the headings with the text', async () => {
      const [hit] = (await search(query)).hits;
      const passage = { ...hit!.passage, title: 'Fruit', headings: ['Pears', 'Winter'], text: 'ripe' };
      const seen: string[] = [];
      await reranked(
        [{ ...hit!, passage }, hit!],
        query,
        ranker((text) => seen.push(text)),
        [],
        signal,
      );
      expect(seen[0]).toBe('Fruit\nPears > Winter\nripe');
    });

    it('leaves in order what it had no time for, and what it finds alike', async () => {
      const order = async (reranker?: ReturnType<typeof ranker>) =>
        (await search(query, {}, { reranker })).hits.map(({ passage }) => passage.id);
      const fused = await order();
      expect(await order(ranker(() => 0.5))).toEqual(fused);
      let worse = 1;
      expect(await order(ranker(() => -(worse -= 1), 2))).toEqual([fused[1], fused[0], ...fused.slice(2)]);
    });

    it('is not asked as one types, nor where words or meaning alone are wanted', async () => {
      for (const mode of ['names', 'sparse', 'dense'] as const) {
        const { hits } = await search('apples', { mode }, { reranker: ranker(secret) });
        expect(hits[0]!.ranks.rerank).toBeUndefined();
      }
    });

    it('goes on without it where it fails, and says so', async () => {
      const broken = { ...ranker(secret), rerank: () => Promise.reject(new Error('gone')) };
      const without = await search(query, {}, { reranker: broken });
      expect(without.hits.length).toBeGreaterThan(1);
      expect(without.notes).toEqual(['passages are not reranked: gone']);
      const none = { ...broken, model: null, ready: () => Promise.resolve(false) };
      expect((await search(query, {}, { reranker: none })).notes).toEqual([]);
    });
  });

  it('scores a passage that speaks of the question above one that does not', async () => {
    const { hits } = await search('ships sail over the sea');
    expect(hits[0]!.score).toBeGreaterThan(hits.at(-1)!.score);
  });
});

describe('where only some files may be searched', () => {
  const idOf = async (name: string) =>
    (await index.database.get<{ id: number }>(
      'SELECT id FROM files WHERE path = ?',
      Buffer.from(join(index.files, name)),
    ))!.id;
  const only = async (...some: string[]) => ({ files: await Promise.all(some.map(idOf)) });

  it.each(['hybrid', 'sparse', 'dense', 'names'] as const)('nothing else is found: %s', async (mode) => {
    const among = await only('fruit/pears.md', 'sea/secret.txt');
    // The control: without it, others are.
    expect(await names('ships apples trees', { mode })).toContain('sea/ships.txt');
    const found = await names('ships apples trees', { mode }, among);
    expect([...new Set(found)].sort()).toEqual(['fruit/pears.md', 'sea/secret.txt']);
    expect(await names('ships apples trees', { mode }, { files: [] })).toEqual([]);
  });

  it('what others say does not change a score', async () => {
    const among = await only('fruit/pears.md', 'sea/secret.txt');
    const scores = async (some: { files: number[] }) =>
      (await search('apples garden', { mode: 'sparse' }, some)).hits.map(({ score }) => score);
    const before = await scores(among);
    // With the same two passages and six more that say apples, it does: they are counted.
    const all = await scores(await only(...Object.keys(files)));
    expect(all).not.toEqual(before);
    expect(before.length).toBe(2);
    // "garden" stands in one of the two, "apples" in the other: each is as rare as the other, so neither is worth more.
    expect(before[0]).toBeCloseTo(before[1]!, 1);
  });
});
