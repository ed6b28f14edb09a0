import { describe, expect, it } from 'vitest';
import { ndcg, pairedRandomisation, recall, reciprocalRank } from './measures';
import { summary, type Detail } from './evaluate';

const relevant = new Map([
  ['a', 1],
  ['b', 1],
  ['c', 1],
]);

describe('ndcg', () => {
  it('is what one gets by hand', () => {
    // Relevant at ranks 1 and 3: 1 + 1/2 = 1.5; best: 1 + 1/log2(3) + 1/2 = 2.13093.
    expect(ndcg(['a', 'x', 'b', 'y'], relevant, 10)).toBeCloseTo(1.5 / 2.1309297536, 9);
    expect(ndcg(['a', 'b', 'c'], relevant, 10)).toBe(1);
    expect(ndcg(['x', 'y'], relevant, 10)).toBe(0);
  });

  it('cuts both the ranking and the best one', () => {
    expect(ndcg(['x', 'a'], relevant, 1)).toBe(0);
    expect(ndcg(['a', 'x'], relevant, 1)).toBe(1);
  });

  it('counts grades as trec_eval does', () => {
    const graded = new Map([
      ['a', 3],
      ['b', 1],
    ]);
    // 1/1 + 3/log2(3) = 2.89279; best: 3 + 1/log2(3) = 3.63093.
    expect(ndcg(['b', 'a'], graded, 10)).toBeCloseTo(2.8927892607 / 3.6309297536, 9);
  });

  it('is 0 where nothing is relevant', () => {
    expect(ndcg(['a'], new Map(), 10)).toBe(0);
  });
});

it('recall counts what stands before the cut', () => {
  expect(recall(['a', 'x', 'b'], relevant, 2)).toBeCloseTo(1 / 3, 12);
  expect(recall(['a', 'x', 'b'], relevant, 100)).toBeCloseTo(2 / 3, 12);
});

it('the reciprocal rank is that of the first', () => {
  expect(reciprocalRank(['x', 'y', 'b', 'a'], relevant)).toBeCloseTo(1 / 3, 12);
  expect(reciprocalRank(['x'], relevant)).toBe(0);
});

describe('pairedRandomisation', () => {
  it('is about the share of sign patterns that are as extreme', () => {
    // Ten differences of one sign: 2 of 1,024 patterns.
    const a = Array.from({ length: 10 }, () => 1);
    const b = Array.from({ length: 10 }, () => 0);
    expect(pairedRandomisation(a, b)).toBeGreaterThan(0.001);
    expect(pairedRandomisation(a, b)).toBeLessThan(0.003);
    // Two of four patterns for two differences of which one is nothing.
    expect(pairedRandomisation([1, 0], [0, 0])).toBe(1);
  });

  it('does not find a difference in none, and uses each question beyond 32', () => {
    const a = Array.from({ length: 100 }, (_, at) => at % 2);
    const b = Array.from({ length: 100 }, (_, at) => (at + 1) % 2);
    expect(pairedRandomisation(a, a)).toBe(1);
    expect(pairedRandomisation(a, b)).toBeGreaterThan(0.5);
    expect(
      pairedRandomisation(
        a.map(() => 1),
        b.map(() => 0),
      ),
    ).toBeCloseTo(1 / 20_001, 9);
  });
});

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
