import { writeFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createLog, NaniteError } from '@nanite/kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestIndex } from '../index/testing';
import { Chroma } from './chroma';
import { prepareVectors, VectorKeeper } from './keeper';
import { FakeChroma, WordEmbedder } from './testing';

let index: TestIndex;
let chroma: FakeChroma;
let embedder: WordEmbedder;
let vectors: Chroma;
let keeper: VectorKeeper;
const log = createLog(() => undefined);
const signal = new AbortController().signal;

/** As the service does when it starts. */
async function start(): Promise<void> {
  const { database } = index;
  vectors = new Chroma(await prepareVectors(database, embedder.model), embedder.model, chroma.path);
  keeper = new VectorKeeper({ database, vectors, embedder, log });
}
async function all(): Promise<void> {
  while ((await keeper.some(signal)) > 0);
}
const write = (name: string, text: string) => writeFileSync(join(index.files, name), text);
const indexed = async (): Promise<void> => {
  index.indexer.rescan(1);
  await index.settled();
};
const wanted = async () =>
  (await index.database.get<{ count: number }>('SELECT count(*) AS count FROM chunks WHERE vector = 0'))!
    .count;
const stored = async () =>
  (await index.database.get<{ count: number }>('SELECT count(*) AS count FROM vectors'))!.count;

beforeEach(async () => {
  index = await new TestIndex().open();
  chroma = await new FakeChroma(join(index.folder, 'chroma.sock')).start();
  embedder = new WordEmbedder();
  write('a.txt', 'apples grow on trees\n\npears do as well');
  write('b.txt', 'ships sail');
  await index.put('c');
  await index.settled();
  await start();
});
afterEach(async () => {
  await index.close();
  await chroma.stop();
  index.remove();
});

describe('VectorKeeper', () => {
  it('gives each chunk a vector, once', async () => {
    await all();
    expect(chroma.held).toBe(3);
    expect(await wanted()).toBe(0);
    expect(await keeper.some(signal)).toBe(0);
    expect(embedder.computed).toHaveLength(3);
    const [question] = await embedder.embed(['sail the ships'], 'question');
    const [nearest] = await vectors.query(question!, 1, [1]);
    const row = await index.database.get<{ text: string }>(
      'SELECT text FROM chunks WHERE id = ?',
      nearest!.chunk,
    );
    expect(row!.text).toBe('ships sail');
  });

  it('follows changes, and computes only what is new', async () => {
    await all();
    write('a.txt', 'apples grow on trees\n\nplums, too');
    rmSync(join(index.files, 'b.txt'));
    await indexed();
    await all();
    expect(embedder.computed.slice(3)).toEqual(['plums, too']);
    expect(chroma.held).toBe(2);
    expect(await stored()).toBe(2);
  });

  it('goes on computing while Chroma is away, and catches up when it is back', async () => {
    await chroma.stop();
    await all();
    expect(await stored()).toBe(3);
    expect(await wanted()).toBe(3);
    expect(vectors.down()).toContain('is not installed or not started');
    await chroma.start();
    await all();
    expect(chroma.held).toBe(3);
    expect(await wanted()).toBe(0);
    expect(vectors.down()).toBeNull();
    expect(embedder.computed).toHaveLength(3);
  });

  it('gives Chroma everything again when its data were deleted, without computing', async () => {
    await all();
    chroma.collections.clear();
    await start();
    await all();
    expect(chroma.held).toBe(3);
    expect(embedder.computed).toHaveLength(3);
  });

  it('finds what Chroma lost or has too much, after a crash', async () => {
    await all();
    const [held] = chroma.collections.values();
    held!.vectors.delete('1');
    held!.vectors.set('777', new Float32Array(64));
    held!.vectors.set('778', new Float32Array(64));
    await start();
    await all();
    expect([...held!.vectors.keys()].sort()).toEqual(['1', '2', '3']);
  });

  it('doubts, when a search finds what is not in the index', async () => {
    await all();
    const [held] = chroma.collections.values();
    held!.vectors.set('777', new Float32Array(64));
    expect(await keeper.some(signal)).toBe(0);
    expect(held!.vectors.size).toBe(4);
    keeper.doubt();
    await all();
    expect(held!.vectors.size).toBe(3);
  });

  it('waits for the model, and keeps what there is', async () => {
    embedder.fails = new NaniteError('model-missing', 'the model is not installed', { status: 503 });
    await all();
    expect(await wanted()).toBe(3);
    embedder.fails = null;
    await all();
    expect(await wanted()).toBe(0);
  });

  it('makes all again for another model, under another name', async () => {
    await all();
    embedder = new WordEmbedder('other');
    await start();
    expect(await wanted()).toBe(3);
    await all();
    expect(embedder.computed).toHaveLength(3);
    expect([...chroma.collections.keys()].map((name) => name.split('-')[2])).toEqual(['other']);
  });

  it('does not take the vectors of another index for its own', async () => {
    await all();
    const other = await new TestIndex().open();
    try {
      const name = await prepareVectors(other.database, embedder.model);
      const [question] = await embedder.embed(['ships'], 'question');
      expect(await new Chroma(name, embedder.model, chroma.path).query(question!, 5, [1])).toEqual([]);
      expect(await vectors.query(question!, 5, [1])).toHaveLength(3);
    } finally {
      await other.close();
      other.remove();
    }
  });

  it('forgets a collection that is gone', async () => {
    await all();
    await index.collections.remove('c');
    await start();
    await all();
    expect(chroma.collections.size).toBe(0);
    expect(await index.database.get('SELECT 1 FROM vectors_gone')).toBeUndefined();
  });

  it('leaves faults of the database to the indexer', async () => {
    embedder.fails = new NaniteError('disk-full', 'no room', { status: 507 });
    await expect(keeper.some(signal)).rejects.toMatchObject({ code: 'disk-full' });
  });
});
