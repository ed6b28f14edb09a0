import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Server } from 'node:http';
import { requestOverSocket } from '@nanite/contracts';
import { createLog } from '@nanite/kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEmbeddingApi, type EmbeddingModel } from './api';
import { batchTokens } from '@nanite/planning';
import { batches } from './batches';
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

describe('the embedding API', () => {
  const model: EmbeddingModel = {
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
    server = createEmbeddingApi(
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
