import { describe, expect, it } from 'vitest';
import { parseLlamaBench } from './llama-bench';

describe('parseLlamaBench', () => {
  it('tells prompt from generation', () => {
    const rows = [
      { n_prompt: 512, n_gen: 0, avg_ts: 1400.5 },
      { n_prompt: 0, n_gen: 256, avg_ts: 300 },
    ];
    expect(parseLlamaBench(JSON.stringify(rows), 2)).toEqual({ threads: 2, generation: 300, prompt: 1400.5 });
  });
  it('refuses half an answer', () => {
    expect(() => parseLlamaBench('[{"n_prompt":512,"n_gen":0,"avg_ts":1}]', 2)).toThrow(SyntaxError);
    expect(() => parseLlamaBench('', 2)).toThrow();
  });
});
