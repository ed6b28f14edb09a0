import { describe, expect, it } from 'vitest';
import { calibrated, scorerOf } from './probability';

describe('scorerOf', () => {
  it.each(['bge-small', 'bge-small-en-v1.5', 'multilingual-e5-small', 'multilingual-e5-small:118m'])(
    'knows what the cosines of %s say',
    (model) => {
      const score = scorerOf(model);
      expect(calibrated(model)).toBe(true);
      expect(score(0.95, 0.5)).toBeGreaterThan(score(0.75, 0.5));
      expect(score(0.8, 1)).toBeGreaterThan(score(0.8, 0));
      // Nothing in common, and nothing alike.
      expect(score(0.4, 0)).toBeLessThan(0.03);
    },
  );

  it('goes by words alone with a model that it does not know, and without meaning', () => {
    const unknown = scorerOf('bge-m3');
    expect(calibrated('bge-m3')).toBe(false);
    expect(unknown(0.99, 0.5)).toBe(unknown(0.1, 0.5));
    expect(unknown(0.5, 1)).toBeGreaterThan(0.7);
    for (const model of ['bge-small', 'multilingual-e5-small'])
      expect(scorerOf(model)(null, 0.5)).toBe(unknown(null, 0.5));
  });
});
