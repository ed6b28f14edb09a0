import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLog } from '@nanite/kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Embedder, Purpose } from '../embed';
import { TestIndex } from '../index/testing';
import { retrieve } from '../retrieve';
import { Chroma } from './chroma';
import { modelFor, prepareVectors, VectorKeeper } from './keeper';
import { FakeChroma, WordEmbedder } from './testing';

/** Reads German and English: both words for one thing are one direction. Of another length than the other model's vectors. */
class TwoLanguages implements Embedder {
  readonly model = 'bge-m3';
  readonly computed: string[] = [];

  embed(texts: readonly string[], purpose: Purpose): Promise<Float32Array[]> {
    if (purpose === 'passage') this.computed.push(...texts);
    const subjects = [/apple|apfel|äpfel/i, /ship|schiff/i];
    return Promise.resolve(
      texts.map((text) => {
        const vector = Float32Array.of(...subjects.map((subject) => (subject.test(text) ? 1 : 0.01)), 0.01);
        const length = Math.hypot(...vector);
        return vector.map((component) => component / length);
      }),
    );
  }
}

const signal = new AbortController().signal;
let index: TestIndex;
let chroma: FakeChroma;

async function keptBy(embedder: Embedder): Promise<Chroma> {
  const { database } = index;
  const vectors = new Chroma(await prepareVectors(database, embedder.model), embedder.model, chroma.path);
  const keeper = new VectorKeeper({ database, vectors, embedder, log: createLog(() => undefined) });
  while ((await keeper.some(signal)) > 0);
  return vectors;
}
const search = async (embedder: Embedder, vectors: Chroma, query: string) => {
  const parts = { database: index.database, vectors, embedder, mayRead: () => Promise.resolve(true) };
  return (await retrieve({ query, limit: 5, filter: {}, mode: 'hybrid' }, parts, signal)).hits;
};

beforeEach(async () => {
  index = new TestIndex();
  mkdirSync(index.files, { recursive: true });
  writeFileSync(join(index.files, 'fruit.txt'), 'apples grow on trees');
  writeFileSync(join(index.files, 'sea.txt'), 'ships sail over the sea');
  await index.open();
  await index.put('all', { roots: [index.files] });
  await index.settled();
  chroma = await new FakeChroma(join(index.folder, 'chroma.sock')).start();
});
afterEach(async () => {
  await index.close();
  await chroma.stop();
  index.remove();
});

describe('another embedding model', () => {
  it('gets vectors of its own for every passage, and the old ones are gone', async () => {
    const words = new WordEmbedder();
    await keptBy(words);
    expect(words.computed).toHaveLength(2);
    // What an import brought of the old model's is not a vector of the new one's.
    await index.database.run(
      `INSERT INTO vectors_brought (text, vector, brought) SELECT text, vector, ? FROM vectors`,
      Date.now(),
    );
    const both = new TwoLanguages();
    await keptBy(both);
    expect(both.computed).toHaveLength(2);
    const lengths = [...chroma.collections.values()].flatMap(({ vectors }) =>
      [...vectors.values()].map((vector) => vector.length),
    );
    expect(lengths).toEqual([3, 3]);
    const rows = await index.database.all<{ vector: Buffer }>('SELECT vector FROM vectors');
    expect(rows.map(({ vector }) => vector.length)).toEqual([12, 12]);
    // Control: the same model again computes nothing.
    await keptBy(both);
    expect(both.computed).toHaveLength(2);
  });

  it('is chosen by itself while there are no vectors, and after that only by name', async () => {
    const { database } = index;
    expect(await modelFor(database, 'auto', 'usual')).toBe('usual');
    expect(await modelFor(database, 'bge-m3', 'usual')).toBe('bge-m3');
    // A name that was noted, but no vector made, as where the model was missing.
    await prepareVectors(database, 'words');
    expect(await modelFor(database, 'auto', 'usual')).toBe('usual');
    await keptBy(new WordEmbedder());
    expect(await modelFor(database, 'auto', 'usual')).toBe('words');
    expect(await modelFor(database, 'bge-m3', 'usual')).toBe('bge-m3');
    await database.run(
      'INSERT INTO vectors_brought (text, vector, brought) SELECT text, vector, 0 FROM vectors',
    );
    await database.run('DELETE FROM vectors');
    expect(await modelFor(database, 'auto', 'usual')).toBe('words');
    await database.run('DELETE FROM vectors_brought');
    expect(await modelFor(database, 'auto', 'usual')).toBe('usual');
  });

  it('finds a text by a question in another language, where it knows both', async () => {
    const words = new WordEmbedder();
    const [unknown] = await search(words, await keptBy(words), 'Schiffe');
    expect(unknown?.ranks.sparse ?? null).toBeNull();
    const both = new TwoLanguages();
    const hits = await search(both, await keptBy(both), 'Wo fahren Schiffe?');
    expect(hits[0]!.passage.text).toContain('ships sail');
    expect(hits[0]!.ranks).toMatchObject({ sparse: null, dense: 1 });
  });
});
