import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GatewayEmbedder } from './gateway-embedder';
import { prompted } from './prompts';

let folder: string;
let path: string;
let server: Server;
let asked: Array<{ model: string; input: string[] }>;
/** Status of the next answers; then 200. */
let statuses: number[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'embed-'));
  path = join(folder, 'gateway.sock');
  asked = [];
  statuses = [];
  server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => (text += part));
    request.once('end', () => {
      const body = JSON.parse(text) as { model: string; input: string[] };
      asked.push(body);
      const status = statuses.shift() ?? 200;
      response.writeHead(status, { 'content-type': 'application/json' });
      const embeddings = body.input.map((input) => [input.length, 1]);
      const done = {
        model: body.model,
        embeddings,
        total_duration: 1,
        load_duration: 1,
        prompt_eval_count: 1,
      };
      response.end(JSON.stringify(status === 200 ? done : { error: 'no' }));
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});
const embedder = (model = 'm', batch = 3) =>
  new GatewayEmbedder({ model, socketPath: path, batch, backOff: 1 });
const signal = () => new AbortController().signal;

describe('GatewayEmbedder', () => {
  it('gives vectors in the order of the texts, and sends like lengths together', async () => {
    const texts = ['a'.repeat(9), 'a', 'a'.repeat(8), 'aa', 'aaa', 'a'.repeat(7)];
    const vectors = await embedder().embed(texts, 'passage', signal());
    expect(vectors.map(([length]) => length)).toEqual([9, 1, 8, 2, 3, 7]);
    expect(asked.map(({ input }) => input.map((text) => text.length)).sort((a, b) => a[0]! - b[0]!)).toEqual([
      [1, 2, 3],
      [7, 8, 9],
    ]);
  });

  it('instructs a model as it was trained: bge for questions only', async () => {
    await embedder('bge-small').embed(['what'], 'question', signal());
    await embedder('bge-small').embed(['that'], 'passage', signal());
    await embedder('other').embed(['what'], 'question', signal());
    expect(asked.map(({ input }) => input[0])).toEqual([
      'Represent this sentence for searching relevant passages: what',
      'that',
      'what',
    ]);
  });

  it.each([
    ['multilingual-e5-small', 'query: what', 'passage: that'],
    ['nomic-embed-text:v1.5', 'search_query: what', 'search_document: that'],
    ['mxbai-embed-large', 'Represent this sentence for searching relevant passages: what', 'that'],
    ['bge-m3:567m', 'what', 'that'],
  ])('instructs %s', (model, question, passage) => {
    expect(prompted(model, 'what', 'question')).toBe(question);
    expect(prompted(model, 'that', 'passage')).toBe(passage);
  });

  it('repeats what passes by itself, and gives up in the end', async () => {
    statuses = [503, 502];
    expect(await embedder().embed(['a'], 'passage', signal())).toHaveLength(1);
    expect(asked).toHaveLength(3);
    statuses = [503, 503, 503, 503, 503];
    await expect(embedder().embed(['a'], 'passage', signal())).rejects.toMatchObject({
      code: 'embedding-failed',
    });
    expect(asked).toHaveLength(7);
  });

  it('says that the model is missing, without asking again', async () => {
    statuses = [404];
    await expect(embedder('bge-small').embed(['a'], 'passage', signal())).rejects.toMatchObject({
      code: 'model-missing',
      message: 'the model bge-small is not installed',
      status: 503,
    });
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['bge-small', 'apt install nanite-model-bge-small-en-v1.5'],
    ['multilingual-e5-small', 'apt install nanite-model-multilingual-e5-small'],
    ['bge-m3', 'nanite models pull bge-m3'],
  ])('says how %s is got', async (model, hint) => {
    statuses = [404];
    await expect(embedder(model).embed(['a'], 'passage', signal())).rejects.toMatchObject({ hint });
  });

  it('says that the gateway is down', async () => {
    const nobody = new GatewayEmbedder({ model: 'm', socketPath: join(folder, 'nobody'), backOff: 1 });
    await expect(nobody.embed(['a'], 'passage', signal())).rejects.toMatchObject({ code: 'gateway-down' });
  });

  it('stops when told to', async () => {
    const stop = new AbortController();
    stop.abort(new Error('enough'));
    await expect(embedder().embed(['a'], 'passage', stop.signal)).rejects.toThrow();
  });

  it('asks nothing for nothing', async () => {
    expect(await embedder().embed([], 'passage', signal())).toEqual([]);
    expect(asked).toEqual([]);
  });
});
