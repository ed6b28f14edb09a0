import { describe, expect, it } from 'vitest';
import { ndcg, pairedRandomisation, recall, reciprocalRank } from './measures';

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

  it('is certain of nothing where both are alike', () => {
    expect(pairedRandomisation([1, 2, 3], [1, 2, 3])).toBe(1);
  });

  it('gives what counting gives: two sign patterns of 2^5', () => {
    // All five differences are 1: as far from 0 as it gets, in 2 of 32 patterns.
    expect(pairedRandomisation([1, 1, 1, 1, 1], [0, 0, 0, 0, 0])).toBeCloseTo(2 / 32, 2);
    // Three up, one down: |sum| >= 2 in 10 of 16 patterns.
    expect(pairedRandomisation([1, 1, 1, 0], [0, 0, 0, 1])).toBeCloseTo(10 / 16, 2);
  });

  it('finds a small difference that holds for many', () => {
    const base = Array.from({ length: 200 }, (_, at) => Math.sin(at));
    const better = base.map((value, at) => value + (at % 3 === 0 ? -0.02 : 0.03));
    expect(pairedRandomisation(better, base)).toBeLessThan(0.001);
  });

  it('takes no values without a partner', () => {
    expect(() => pairedRandomisation([1], [1, 2])).toThrow(RangeError);
  });
});
