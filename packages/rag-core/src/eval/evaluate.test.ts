import { expect, it } from 'vitest';
import { summary, type Detail } from './evaluate';

it('means are over questions', () => {
  const detail = (question: string, value: number): Detail => {
    const measured = { 'ndcg@10': value, 'recall@100': value, mrr: value };
    const half = { 'ndcg@10': value / 2, 'recall@100': 0, mrr: 0 };
    return { question, measured: { sparse: half, dense: measured, hybrid: measured }, scores: [] };
  };
  const data = { name: 'x', documents: [], questions: [], relevant: new Map() };
  const { measured, significance } = summary(data, 'm', [detail('1', 1), detail('2', 0.5)]);
  expect(measured.hybrid['ndcg@10']).toBe(0.75);
  expect(measured.sparse['ndcg@10']).toBe(0.375);
  expect(significance.sparse.ratio).toBe(2);
  expect(significance.dense).toEqual({ ratio: 1, p: 1 });
});
