import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Server } from 'node:http';
import { requestOverSocket } from '@nanite/contracts';
import { createLog } from '@nanite/kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOnnxApi, type OnnxModel } from './api';
import { batchTokens } from '@nanite/planning';
import { batches } from './batches';
import { pairOf, type PairTokenizer } from './cross-encoder';
import { pool, toUnitLength } from './pooling';
import { fitted, TooManyTokens } from './tokens';

describe('pool', () => {
  // Two inputs, padded to three tokens, of two components each.
  const hidden = Float32Array.from([1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 0, 0]);
  it.each([
    ['cls', 0, 3, [1, 2]],
    ['last', 0, 3, [5, 6]],
    ['mean', 0, 3, [3, 4]],
    ['cls', 1, 2, [10, 20]],
    ['last', 1, 2, [30, 40]],
    ['mean', 1, 2, [20, 30]],
  ] as const)('%s of row %i leaves padding out', (how, row, length, expected) => {
    expect([...pool(hidden, row, 3, length, 2, how, false)]).toEqual(expected);
  });

  it('normalises, and leaves a zero vector', () => {
    expect([...toUnitLength(Float32Array.from([3, 4]))].map((x) => x.toFixed(3))).toEqual(['0.600', '0.800']);
    expect([...toUnitLength(Float32Array.from([0, 0]))]).toEqual([0, 0]);
  });
});

describe('batches', () => {
  it('keeps each input once, and padded tokens bounded', () => {
    const lengths = Array.from({ length: 200 }, (_, i) => ((i * 37) % 512) + 1);
    const groups = batches(lengths);
    expect(groups.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
    for (const group of groups) {
      expect(group.length * Math.max(...group.map((at) => lengths[at]!))).toBeLessThanOrEqual(batchTokens);
    }
  });

  it('takes an input that is longer than the bound alone', () => {
    expect(batches([5000, 1])).toEqual([[1], [0]]);
  });
});

describe('fitted', () => {
  it('cuts only when told, and keeps the mark at the end', () => {
    expect(fitted([1, 2, 3], 3, false)).toEqual([1, 2, 3]);
    expect(fitted([101, 5, 6, 7, 102], 3, true)).toEqual([101, 5, 102]);
    expect(() => fitted([1, 2, 3, 4], 3, false)).toThrow(TooManyTokens);
  });
});

describe('pairOf', () => {
  /** [1] query [2] document [2]; ids of words are their lengths. */
  const tokenizer: PairTokenizer = {
    encode(text, { text_pair, add_special_tokens }) {
      const ids = (of: string) => of.split(' ').map((word) => word.length + 10);
      if (add_special_tokens === false) return { ids: ids(text) };
      const [query, document] = [
        [1, ...ids(text), 2],
        [...ids(text_pair ?? ''), 2],
      ];
      return {
        ids: [...query, ...document],
        token_type_ids: [...query.map(() => 0), ...document.map(() => 1)],
      };
    },
  };

  it('tells the texts of a pair apart', () => {
    expect(pairOf(tokenizer, 'a', 'bb ccc', 99, false)).toEqual({
      ids: [1, 11, 2, 12, 13, 2],
      types: [0, 0, 0, 1, 1, 1],
    });
  });

  it('cuts the document and leaves the mark behind it, where it may', () => {
    expect(pairOf(tokenizer, 'a', 'bb ccc dddd', 5, true)).toEqual({
      ids: [1, 11, 2, 12, 2],
      types: [0, 0, 0, 1, 1],
    });
    expect(() => pairOf(tokenizer, 'a', 'bb ccc dddd', 5, false)).toThrow(TooManyTokens);
  });

  it('does not judge a query that leaves nothing of the document', () => {
    expect(() => pairOf(tokenizer, 'a b c d', 'bb', 5, true)).toThrow(TooManyTokens);
  });

  it('takes a tokenizer that tells no types', () => {
    const plain: PairTokenizer = { encode: (...given) => ({ ids: tokenizer.encode(...given).ids }) };
    expect(pairOf(plain, 'a', 'bb', 9, true).types).toEqual([0, 0, 0, 0, 0]);
  });
});

describe('the API of a reranker', () => {
  const model: OnnxModel = {
    tokenize: () => [],
    detokenize: () => '',
    judge: async (query, documents) => ({
      logits: documents.map((document) => (document.includes(query) ? 2 : -2)),
      tokens: 7,
    }),
  };

  it('judges each document, the best first, and embeds nothing', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'onnx-rerank-'));
    const socketPath = join(dir, 'worker.sock');
    const server = createOnnxApi(
      model,
      'm',
      4,
      createLog(() => undefined),
    );
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    const post = (path: string, body: unknown) =>
      requestOverSocket({ socketPath, method: 'POST', path, body });
    expect(await post('/v1/rerank', { query: 'x', documents: ['a', 'xy', 'b'] })).toMatchObject({
      results: [
        { index: 1, relevance_score: 2 },
        { index: 0, relevance_score: -2 },
        { index: 2, relevance_score: -2 },
      ],
      usage: { total_tokens: 7 },
    });
    await expect(post('/v1/rerank', { query: 'x', documents: [] })).rejects.toMatchObject({ status: 400 });
    await expect(post('/v1/embeddings', { input: 'x' })).rejects.toMatchObject({ status: 404 });
    await new Promise((resolve) => server.close(resolve));
    rmSync(dir, { recursive: true });
  });
});

describe('the embedding API', () => {
  const model: OnnxModel = {
    tokenize: (text, special) => [...(special ? [101] : []), ...text.split(' ').map((word) => word.length)],
    detokenize: (ids) => ids.join(' '),
    embed: async (inputs, truncate) => {
      const ids = inputs.map((input) =>
        fitted(typeof input === 'string' ? model.tokenize(input, true) : input, 4, truncate),
      );
      return { vectors: ids.map((list) => Float32Array.of(list.length, 1)), tokens: ids.flat().length };
    },
  };
  let dir: string;
  let socketPath: string;
  let server: Server;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'onnx-api-'));
    socketPath = join(dir, 'worker.sock');
    server = createOnnxApi(
      model,
      'm',
      4,
      createLog(() => undefined),
    );
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  });
  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve));
    rmSync(dir, { recursive: true });
  });
  const post = (path: string, body: unknown) => requestOverSocket({ socketPath, method: 'POST', path, body });

  it.each([
    ['a text', 'one two', [[3, 1]]],
    [
      'texts',
      ['one', 'one two'],
      [
        [2, 1],
        [3, 1],
      ],
    ],
    ['token ids', [7, 8], [[2, 1]]],
    [
      'lists of token ids',
      [[7], [7, 8, 9]],
      [
        [1, 1],
        [3, 1],
      ],
    ],
  ])('embeds %s', async (_, input, vectors) => {
    expect(await post('/v1/embeddings', { input })).toMatchObject({
      object: 'list',
      data: vectors.map((embedding, index) => ({ object: 'embedding', index, embedding })),
    });
  });

  it('refuses or cuts what is too long, as asked', async () => {
    const input = 'a b c d e f';
    await expect(post('/v1/embeddings', { input })).rejects.toMatchObject({ status: 400 });
    expect(await post('/v1/embeddings', { input, truncate: true })).toMatchObject({
      usage: { prompt_tokens: 4 },
    });
  });

  it('gives base64 where asked', async () => {
    const answer = (await post('/v1/embeddings', { input: 'x', encoding_format: 'base64' })) as {
      data: Array<{ embedding: string }>;
    };
    const bytes = Buffer.from(answer.data[0]!.embedding, 'base64');
    expect([bytes.readFloatLE(0), bytes.readFloatLE(4)]).toEqual([2, 1]);
  });

  it('is healthy, tokenizes, and has no other routes', async () => {
    expect(await requestOverSocket({ socketPath, method: 'GET', path: '/health' })).toEqual({ status: 'ok' });
    expect(await post('/tokenize', { content: 'ab c' })).toEqual({ tokens: [2, 1] });
    expect(await post('/detokenize', { tokens: [1, 2] })).toEqual({ content: '1 2' });
    await expect(post('/v1/chat/completions', {})).rejects.toMatchObject({ status: 404 });
    await expect(post('/v1/embeddings', { input: [] })).rejects.toMatchObject({ status: 400 });
  });
});
