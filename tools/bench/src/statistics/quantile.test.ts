import { describe, expect, it } from 'vitest';
import { median, quantile, summarise } from './quantile';

describe('quantile', () => {
  it('interpolates as NumPy does', () => {
    // numpy.quantile([1, 2, 4, 8], [0, .25, .5, .75, 1])
    const samples = [1, 2, 4, 8];
    expect([0, 0.25, 0.5, 0.75, 1].map((q) => quantile(samples, q))).toEqual([1, 1.75, 3, 5, 8]);
  });

  it('gives a single sample for every quantile', () => {
    expect(quantile([7], 0.99)).toBe(7);
  });

  it('refuses no samples and a percentage', () => {
    expect(() => quantile([], 0.5)).toThrow(RangeError);
    expect(() => quantile([1, 2], 50)).toThrow(RangeError);
    expect(() => quantile([1, 2], Number.NaN)).toThrow(RangeError);
  });
});

describe('summarise', () => {
  it('sorts numbers as numbers', () => {
    expect(summarise([100, 9, 10])).toMatchObject({ count: 3, p50: 10, max: 100 });
  });

  it('shows the tail of a distribution', () => {
    const samples = Array.from({ length: 1000 }, (_, i) => (i < 985 ? 1 : 50));
    expect(summarise(samples)).toMatchObject({ p50: 1, p90: 1, p99: 50, mean: 1.735 });
  });

  it('refuses no samples', () => {
    expect(() => summarise([])).toThrow(RangeError);
  });
});

describe('median', () => {
  it('of an even number of samples lies between the middle two', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });
  it('is not moved by one outlier', () => {
    expect(median([1, 1, 1000])).toBe(1);
  });
});
