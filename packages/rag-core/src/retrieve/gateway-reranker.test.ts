import { ApiFailure, type GatewayClient, type RerankRequest } from '@nanite/contracts';
import { describe, expect, it } from 'vitest';
import { GatewayReranker } from './gateway-reranker';

const signal = new AbortController().signal;
const passages = Array.from({ length: 30 }, (_, at) => `passage ${at}`);

/** A gateway with these models; the reranker prefers later passages and takes so long for each. */
function gateway(perPassage = 0, capabilities: string[] = ['rerank']) {
  const asked: number[] = [];
  const state = { asked, looked: 0, perPassage, capabilities };
  const client = {
    status: () => {
      state.looked += 1;
      const model = { name: 'ranker:1b', capabilities: state.capabilities, runnable: true, backend: 'local' };
      return Promise.resolve({ models: [{ ...model, name: 'bge', capabilities: ['embedding'] }, model] });
    },
    rerank: ({ model, documents }: RerankRequest, until: AbortSignal) =>
      new Promise((resolve, reject) => {
        asked.push(documents.length);
        if (until.aborted) return reject(until.reason as Error);
        if (model === 'gone') return reject(new ApiFailure(404, 'model-not-found', 'no such model'));
        const results = documents.map((_, index) => ({ index, relevance_score: index / 100 })).reverse();
        const timer = setTimeout(() => resolve({ results }), state.perPassage * documents.length);
        until.addEventListener('abort', () => {
          clearTimeout(timer);
          reject(until.reason as Error);
        });
      }),
  } as unknown as GatewayClient;
  return { ...state, state, client };
}

describe('GatewayReranker', () => {
  it('asks the reranker that is installed, and gives scores in the order of the passages', async () => {
    const { client, state } = gateway();
    const reranker = new GatewayReranker({ model: 'auto', client });
    const scores = await reranker.rerank('q', passages.slice(0, 3), signal);
    expect(scores).toEqual([0, 0.01, 0.02]);
    expect(reranker.model).toBe('ranker:1b');
    await reranker.rerank('q', passages, signal);
    expect(state.looked).toBe(1);
  });

  it('is none where none is installed, and looks again', async () => {
    const { client, state } = gateway(0, ['chat']);
    const reranker = new GatewayReranker({ model: 'auto', client, remembered: 0 });
    expect(await reranker.ready(signal)).toBe(false);
    expect(await reranker.rerank('q', passages, signal)).toEqual([]);
    expect(state.asked).toEqual([]);
    state.capabilities = ['rerank'];
    expect(await reranker.ready(signal)).toBe(true);
    expect(await reranker.rerank('q', passages, signal)).toHaveLength(8);
  });

  it('reads all of them once it is seen to be fast', async () => {
    const { client, state } = gateway();
    const reranker = new GatewayReranker({ model: 'auto', client });
    for (let time = 0; time < 2; time++) await reranker.rerank('q', passages, signal);
    expect(state.asked).toEqual([8, 30]);
  });

  it('asks for less where it is too slow, then lets it rest', async () => {
    const { client, state } = gateway(1000);
    const reranker = new GatewayReranker({ model: 'auto', client, limit: 20 });
    for (let time = 0; time < 3; time++) {
      await expect(reranker.rerank('q', passages, signal)).rejects.toThrow('did not read');
    }
    expect(state.asked).toEqual([8, 4, 3]);
    await expect(reranker.rerank('q', passages, signal)).rejects.toThrow('too slow on this machine');
    expect(state.asked).toHaveLength(3);
  });

  it('asks the one that is named, and says that it is not there', async () => {
    const { client, state } = gateway();
    const reranker = new GatewayReranker({ model: 'gone', client });
    await expect(reranker.rerank('q', passages, signal)).rejects.toThrow('no such model');
    expect(state.looked).toBe(0);
  });

  it('stops with whoever asked', async () => {
    const { client } = gateway(1000);
    const stop = new AbortController();
    const waiting = new GatewayReranker({ model: 'ranker', client }).rerank('q', passages, stop.signal);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});
