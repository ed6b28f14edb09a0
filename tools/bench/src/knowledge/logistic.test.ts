import { describe, expect, it } from 'vitest';
import { fitLogistic, probabilityOf, type Observation } from './logistic';

describe('fitLogistic', () => {
  it('finds the weights by which observations were drawn', () => {
    const weights = [-2, 3, 1];
    const observations = Array.from({ length: 40_000 }, (_, at): Observation => {
      const known = [(at % 100) / 50 - 1, (Math.floor(at / 100) % 20) / 10];
      // In place of chance: as many as the probability says, spread over each pair of values.
      const turn = (Math.floor(at / 2000) + 0.5) / 20;
      return { known, so: turn < probabilityOf(weights, known) };
    });
    const found = fitLogistic(observations);
    weights.forEach((weight, at) => expect(found[at]).toBeCloseTo(weight, 0));
  });

  it('ends where no observation contradicts', () => {
    const found = fitLogistic([0, 1, 2, 3].map((value) => ({ known: [value], so: value > 1 })));
    expect(found.every(Number.isFinite)).toBe(true);
    expect(probabilityOf(found, [0])).toBeLessThan(0.01);
    expect(probabilityOf(found, [3])).toBeGreaterThan(0.99);
  });
});
