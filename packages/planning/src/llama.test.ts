import { describe, expect, it } from 'vitest';
import { needFromFit, parseFit } from './llama';
import { totalMemory } from './memory';

const MiB = 2 ** 20;

describe('memory from llama-fit-params', () => {
  it('reads the table, all devices added', () => {
    expect(parseFit('noise\nCUDA0 10 20 30 \nHost 93 180 97 \n', 8192)).toEqual({
      context: 8192,
      model: 103 * MiB,
      cache: 200 * MiB,
      compute: 127 * MiB,
    });
    expect(parseFit('error: no such file', 1)).toBeNull();
  });

  it('draws a straight line through two samples', () => {
    const sample = (context: number, cache: number, compute: number) => ({
      context,
      model: 93 * MiB,
      cache: cache * MiB,
      compute: compute * MiB,
    });
    const need = needFromFit(sample(2048, 45, 98), sample(8192, 180, 104), 94 * MiB);
    expect(need.weights).toBe(94 * MiB);
    expect(need.working(8192, 1) / MiB).toBeCloseTo(180 + 104 + 2, 1);
    expect(need.working(4096, 4) / MiB).toBeCloseTo(4 * 91 + 101, 0);
    expect(totalMemory(need, 4096, 4)).toBeGreaterThan(need.working(4096, 4));
  });
});
