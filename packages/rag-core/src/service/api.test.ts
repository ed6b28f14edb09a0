import { chmodSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { ApiFailure, KnowledgeClient } from '@nanite/contracts';
import { createLog, listenOnPath, NaniteError } from '@nanite/kit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TestIndex } from '../index/testing';
import { createApi } from './api';
import { readPassage } from './passage';
import { personDoor } from './person-door';
import type { Answering, Service } from './service';
import { mayRead } from './view';

let index: TestIndex;
let server: ReturnType<typeof createApi>;
let client: KnowledgeClient;
let service: Service;
let owner: number;
const unanswered: Answering = {
  search: ({ query }) => Promise.resolve({ hits: [], notes: [query], milliseconds: 1 }),
  async *ask({ question }) {
    yield { event: 'found', passages: [], notes: [] };
    if (question === 'break') throw new NaniteError('worn-out', 'enough', { hint: 'rest' });
    yield { event: 'done', answered: false, why: 'nothing', model: null, dropped: 0, notes: [] };
  },
  passage: () => Promise.reject(new NaniteError('no-such-passage', 'gone', { status: 404 })),
  denseDown: () => 'the model is not installed',
  embeddingModel: 'bge-small',
  rerankModel: null,
};
const socket = () => join(index.folder, 'rag.sock');

beforeEach(async () => {
  index = await new TestIndex().open();
  const { database, collections, indexer } = index;
  owner = process.getuid!();
  service = {
    database,
    collections,
    indexer,
    answering: unanswered,
    log: createLog(() => undefined),
    door: personDoor(() => owner),
  };
  server = createApi(service);
  await listenOnPath(server, socket(), 0o600);
  client = new KnowledgeClient(socket());
});
afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await index.close();
  index.remove();
});

const linesOf = async (answer: AsyncIterable<Buffer>): Promise<string[]> => {
  const parts: Buffer[] = [];
  for await (const part of answer) parts.push(part);
  return Buffer.concat(parts).toString().trimEnd().split('\n');
};

describe('export and import', () => {
  const vector = Buffer.from(new Float32Array([0.6, 0.8]).buffer);
  const text = Buffer.alloc(16, 7);
  const brought = () =>
    index.database.all<{ text: Buffer; vector: Buffer }>('SELECT text, vector FROM vectors_brought');

  const exported = async () => {
    writeFileSync(join(index.files, 'a.txt'), 'apples are red');
    await client.put('fruit', { roots: [index.files], exclude: ['*.log'] });
    await index.until(async () => (await client.collection('fruit')).progress.chunks.all === 1);
    await index.database.run('INSERT INTO vectors SELECT id, ?, ? FROM chunks', text, vector);
    return linesOf(await client.export('fruit'));
  };
  const change = ([first, ...rest]: string[], header: Record<string, unknown>) =>
    Readable.from([JSON.stringify({ ...JSON.parse(first!), ...header }), ...rest].map((line) => `${line}\n`));

  test('carry folders, options and vectors, and no text', async () => {
    const lines = await exported();
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        format: 'nanite-knowledge',
        version: 1,
        name: 'fruit',
        roots: [index.files],
        include: [],
        exclude: ['*.log'],
        gitignore: true,
        model: 'bge-small',
        components: 2,
      },
      { text: text.toString('base64'), vector: vector.toString('base64') },
    ]);
    const answer = await client.import(change(lines, { name: 'again' }));
    expect(answer).toMatchObject({
      vectors: 1,
      notes: [],
      collection: { name: 'again', exclude: ['*.log'] },
    });
    expect(await brought()).toEqual([{ text, vector }]);
  });

  test('leave vectors of another model alone, and say so', async () => {
    const answer = await client.import(change(await exported(), { name: 'again', model: 'other' }));
    expect(answer.vectors).toBe(0);
    expect(answer.notes[0]).toContain('other');
    expect(await brought()).toEqual([]);
  });

  test.each<[string, string, (lines: string[]) => Readable]>([
    ['a name that is taken', 'collection-exists', (lines) => change(lines, {})],
    [
      'a folder that is not there',
      'no-such-folder',
      (lines) => change(lines, { name: 'b', roots: ['/nowhere'] }),
    ],
    ['a vector of another length', 'bad-export', (lines) => change(lines, { name: 'b', components: 3 })],
    ['another version', 'bad-export', (lines) => change(lines, { name: 'b', version: 2 })],
    ['something else', 'bad-export', () => Readable.from(['hello\n'])],
    ['nothing', 'bad-export', () => Readable.from([''])],
    ['a line that is none', 'bad-export', (lines) => change([lines[0]!, '{}'], { name: 'b' })],
  ])('refuse %s, and make no collection', async (_what, code, lines) => {
    expect((await failure(client.import(lines(await exported())))).code).toBe(code);
    expect((await client.collections()).collections.map(({ name }) => name)).toEqual(['fruit']);
  });
});

const failure = async (promise: Promise<unknown>) => {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ApiFailure);
  return { status: (error as ApiFailure).status, code: (error as ApiFailure).code };
};
const raw = (method: string, path: string, body: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const call = request({ socketPath: socket(), method, path, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    call.once('error', reject);
    call.end(body);
  });

test('a collection is made, shown, changed, scanned and removed', async () => {
  writeFileSync(join(index.files, 'a.txt'), 'apples');
  writeFileSync(join(index.files, 'b.txt'), '!broken');
  const made = await client.put('fruit', { roots: [index.files] });
  expect(made).toMatchObject({ name: 'fruit', roots: [index.files], gitignore: true });
  await index.settled();
  expect(await client.collection('fruit')).toMatchObject({
    progress: {
      state: 'ready',
      why: null,
      files: { found: 2, indexed: 1, aside: 1 },
      chunks: { all: 1, embedded: 0 },
    },
  });
  expect(await client.aside('fruit')).toMatchObject({
    files: [{ path: join(index.files, 'b.txt'), type: 'text', reason: 'broken' }],
    more: 0,
  });
  expect((await client.scan('fruit')).progress.state).toBe('scanning');
  expect(await client.put('fruit', { exclude: ['*.txt'], paused: true })).toMatchObject({
    exclude: ['*.txt'],
  });
  expect((await client.collections()).collections[0]?.progress.state).toBe('paused');
  await client.remove('fruit');
  expect((await client.status()).collections).toEqual([]);
});

test('the status says what does not work', async () => {
  expect(await client.status()).toMatchObject({
    dense: { down: 'the model is not installed', model: 'bge-small' },
    rerank: { model: null },
    watch: { degraded: null },
  });
});

test('search and answers go through', async () => {
  expect(await client.search({ query: 'moon' })).toMatchObject({ notes: ['moon'] });
  const events = [];
  for await (const { event } of client.ask({ question: 'why?' })) events.push(event);
  expect(events).toEqual(['found', 'done']);
});

test('an answer that breaks off says why, after what was said', async () => {
  const events: string[] = [];
  const asked = (async () => {
    for await (const { event } of client.ask({ question: 'break' })) events.push(event);
  })();
  expect(await failure(asked)).toMatchObject({ code: 'worn-out' });
  expect(events).toEqual(['found']);
});

describe('what is wrong is said with its status', () => {
  test.each([
    ['GET', '/v1/nothing', '', 404],
    ['POST', '/v1/status', '', 405],
    ['POST', '/v1/search', '{', 400],
    ['POST', '/v1/search', '{"query":""}', 400],
    ['POST', '/v1/search', '{"query":"a","unknown":1}', 400],
    ['POST', '/v1/search', ' '.repeat(2_000_000), 413],
    ['PUT', '/v1/collections/%2Fetc', '{"roots":["/"]}', 400],
    ['PUT', '/v1/collections/a%', '{"roots":["/"]}', 400],
    ['PUT', '/v1/collections/a', '{"roots":["/nowhere"]}', 404],
    ['DELETE', '/v1/collections/a', '', 404],
    ['GET', '/v1/passages/1', '', 404],
  ])('%s %s', async (method, path, body, status) => {
    expect(await raw(method, path, body)).toBe(status);
  });

  test('to anybody but the owner it is refused', async () => {
    expect(await raw('GET', '/v1/status', '')).toBe(200);
    owner += 1;
    expect(await raw('GET', '/v1/status', '')).toBe(403);
  });
});

test('a passage is shown with its place, while its file may be read', async () => {
  writeFileSync(join(index.files, 'a b.txt'), 'apples');
  await client.put('fruit', { roots: [index.files] });
  await index.settled();
  const passage = await readPassage(index.database, 1, mayRead);
  expect(passage).toMatchObject({
    id: 1,
    collection: 'fruit',
    path: join(index.files, 'a b.txt'),
    uri: `file://${index.files}/a%20b.txt`,
    type: 'text',
    text: 'apples',
    place: { kind: 'whole' },
  });
  await expect(readPassage(index.database, 1, () => Promise.resolve(false))).rejects.toMatchObject({
    status: 404,
  });
  await expect(readPassage(index.database, 2, mayRead)).rejects.toMatchObject({ code: 'no-such-passage' });
});

test('a file that is not there may not be read', async () => {
  const path = join(index.files, 'a.txt');
  writeFileSync(path, '');
  expect(await mayRead(Buffer.from(path))).toBe(true);
  expect(await mayRead(Buffer.from(`${path}2`))).toBe(false);
  // As root the mode says nothing; tests/packages/knowledge.test.ts asks as a person.
  if (process.getuid!() === 0) return;
  chmodSync(path, 0);
  expect(await mayRead(Buffer.from(path))).toBe(false);
});
