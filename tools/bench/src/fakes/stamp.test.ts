import { describe, expect, it } from 'vitest';
import { stampOf, stampsIn } from './stamp';

describe('stamps', () => {
  it('come back from text, also where two pieces were joined', () => {
    expect(stampsIn(`${stampOf(12n)}${stampOf(9_007_199_254_740_993n)}`)).toEqual([
      12n,
      9_007_199_254_740_993n,
    ]);
  });
  it('are not found in text without any', () => {
    expect(stampsIn('t=; ; 12')).toEqual([]);
  });
});
