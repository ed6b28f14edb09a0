import { describe, expect, it } from 'vitest';
import { pairedRandomisation } from './paired';

describe('pairedRandomisation', () => {
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
