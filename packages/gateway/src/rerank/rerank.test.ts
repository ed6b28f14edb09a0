import { GatewayClient, OllamaError, OpenAiError, RerankResponse } from '@nanite/contracts';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeEntry } from '../__fixtures__/fake-engine';
import { startTestGateway, testModels, type TestGateway } from '../__fixtures__/test-gateway';

let at: TestGateway;
beforeEach(async () => {
  at = await startTestGateway({}, [
    ...testModels(),
    fakeEntry('ranker', { capabilities: ['rerank'], family: 'bert', contextLength: 512 }),
    fakeEntry('onnx-ranker', { capabilities: ['rerank'], format: 'onnx', contextLength: 512 }),
    fakeEntry('qwen3-ranker', { capabilities: ['rerank'], family: 'qwen3' }),
  ]);
  at.engine.context = 512;
});
afterEach(() => at.close());

const query = 'red apples';
const documents = ['a green pear', 'red apples', 'red wine'];

async function post(path: string, body: unknown): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${at.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: answer.status, body: JSON.parse(await answer.text()) };
}
const ask = async (fields: object, path = '/v1/rerank') => {
  const { status, body } = await post(path, { model: 'ranker', query, documents, ...fields });
  expect(status, JSON.stringify(body)).toBe(200);
  return RerankResponse.parse(body);
};
const sent = (path: string) =>
  [...at.engine.fakes.values()].flatMap(({ requests }) => requests.filter((each) => each.path === path));

describe.each(['/v1/rerank', '/api/rerank'])('%s', (path) => {
  const shape = path.startsWith('/v1') ? OpenAiError : OllamaError;

  it('answers with the best first, between 0 and 1', async () => {
    const { model, results, usage } = await ask({}, path);
    expect(model).toBe('ranker');
    expect(results.map(({ index }) => index)).toEqual([1, 2, 0]);
    expect(results.map(({ relevance_score }) => relevance_score.toFixed(3))).toEqual([
      '0.953',
      '0.731',
      '0.269',
    ]);
    expect(results.every(({ document }) => document === undefined)).toBe(true);
    expect(usage.total_tokens).toBe(6);
  });

  it('refuses what is not a request, in the form of its API', async () => {
    const bad = [
      '{"model"',
      {},
      { model: 'ranker' },
      { model: 'ranker', query },
      { model: 'ranker', query: '', documents },
      { model: 'ranker', query, documents: [] },
      { model: 'ranker', query, documents: [7] },
      { model: 'ranker', query, documents: Array.from({ length: 1001 }, () => 'x') },
      { model: 'ranker', query, documents, top_n: 0 },
      { model: 'ranker', query, documents, keep_alive: 'soon' },
    ];
    for (const request of bad) {
      const { status, body } = await post(path, request);
      expect.soft(status, JSON.stringify(request).slice(0, 80)).toBe(400);
      shape.parse(body);
    }
    expect(sent('/v1/rerank')).toEqual([]);
  });

  it('says what a model that does not rerank can do, and which names are near', async () => {
    const other = await post(path, { model: 'bge', query, documents });
    expect(other.status).toBe(400);
    expect(JSON.stringify(shape.parse(other.body))).toMatch(
      /does not support reranking.*it can do: embedding/,
    );
    const unknown = await post(path, { model: 'rankr', query, documents });
    expect(unknown.status).toBe(404);
    expect(JSON.stringify(shape.parse(unknown.body))).toContain('ranker:1b');
  });
});

it('takes documents as objects, gives them back where asked, and as many as asked', async () => {
  const { results } = await ask({
    documents: documents.map((text) => ({ text, id: 7 })),
    top_n: 2,
    return_documents: true,
  });
  expect(results.map(({ document }) => document)).toEqual([{ text: 'red apples' }, { text: 'red wine' }]);
});

it('leaves alone what is a probability already', async () => {
  const { results } = await ask({ model: 'qwen3-ranker' });
  expect(results.map(({ relevance_score }) => relevance_score)).toEqual([1, 1, 0]);
});

it('keeps the order of documents that are alike', async () => {
  const { results } = await ask({ documents: ['x', 'y', 'z'] });
  expect(results.map(({ index }) => index)).toEqual([0, 1, 2]);
});

it('cuts what is too long for llama-server, and says so where it must not', async () => {
  const long = 'red '.repeat(600);
  const { results } = await ask({ documents: ['red', long] });
  expect(results).toHaveLength(2);
  // The fake says that every text has 500 tokens, the query too: four are left of a context of 512 with its marks.
  expect(sent('/v1/rerank').at(-1)?.body['documents']).toEqual(['4 tokens', '4 tokens']);
  const whole = await post('/v1/rerank', { model: 'ranker', query, documents: [long], truncate: false });
  expect(whole.status).toBe(400);
  expect(OpenAiError.parse(whole.body).error.code).toBe('context_length_exceeded');
});

it('lets the ONNX worker cut', async () => {
  await ask({ model: 'onnx-ranker' });
  expect(sent('/v1/rerank').at(-1)?.body).toMatchObject({ truncate: true });
});

it('does not pass on an answer that lacks a document', async () => {
  const { status } = await post('/v1/rerank', { model: 'ranker', query: 'SHORT', documents });
  expect(status).toBe(502);
});

it('has a typed client', async () => {
  const client = new GatewayClient({ kind: 'unix', socketPath: at.socket });
  const { results } = await client.rerank({ model: 'ranker', query, documents, top_n: 1 });
  expect(results.map(({ index }) => index)).toEqual([1]);
});

it('stands in the OpenAPI document', async () => {
  const { paths } = (await (await fetch(`${at.url}/openapi.json`)).json()) as {
    paths: Record<string, unknown>;
  };
  expect(Object.keys(paths)).toEqual(expect.arrayContaining(['/v1/rerank', '/api/rerank']));
});

describe('of a backend', () => {
  const asked: Array<{ url: string; body: Record<string, unknown> }> = [];
  const server = createServer((req, res) => {
    let text = '';
    req.setEncoding('utf8').on('data', (part: string) => (text += part));
    req.once('end', () => {
      asked.push({ url: req.url ?? '', body: JSON.parse(text) as Record<string, unknown> });
      const results = documents.map((_, index) => ({ index, relevance_score: index / 4 }));
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ results }));
    });
  });
  const start = async (kind: 'openai' | 'llama-server' | 'ollama') => {
    await at.close();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    at = await startTestGateway({ backends: [{ name: 'other', kind, url, models: ['m'] }] });
  };
  afterEach(() => new Promise((resolve) => server.close(resolve)));
  const scores = async (model: string) =>
    (await ask({ model })).results.map(({ relevance_score }) => relevance_score.toFixed(3));

  it('that speaks as vLLM does, scores are as they come', async () => {
    await start('openai');
    expect(await scores('other/m')).toEqual(['0.500', '0.250', '0.000']);
    expect(asked.at(-1)).toEqual({ url: '/v1/rerank', body: { query, documents, model: 'm' } });
  });

  it('that is a llama-server, scores are logits', async () => {
    await start('llama-server');
    expect(await scores('other/m')).toEqual(['0.622', '0.562', '0.500']);
  });

  it('that is an Ollama, it is said that it cannot', async () => {
    await start('ollama');
    const { status, body } = await post('/v1/rerank', { model: 'other/m', query, documents });
    expect(status).toBe(400);
    expect(OpenAiError.parse(body).error.message).toContain('does not rerank');
  });
});
