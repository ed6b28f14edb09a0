import { describe, expect, it } from 'vitest';
import { faultError, reasonIn } from './fault';
import { bestThreads, candidates } from './threads';
import { loadedVariant, nextLower } from './variants';

describe('reasonIn', () => {
  it.each([
    [
      "0.00.1 I loading\n0.00.2 E llama_model_load: error loading model: tensor 'x' data is not within the file bounds\n0.0 E srv failed to load model",
      "tensor 'x' data is not within the file bounds",
    ],
    ['terminate called\n  what():  std::bad_alloc\n', 'std::bad_alloc'],
    ['/src/ggml.c:12: GGML_ASSERT(x > 0) failed\n', 'GGML_ASSERT(x > 0) failed'],
    ['just words\n', 'just words'],
    ['', null],
  ])('finds why in %j', (log, reason) => {
    expect(reasonIn(log)).toBe(reason);
  });

  it('lets no control characters and no flood through', () => {
    const reason = reasonIn(`E error loading model: \u001b[31mred\u0007 ${'x'.repeat(5000)}`)!;
    expect(reason.length).toBeLessThanOrEqual(300);
    expect(reason).not.toMatch(/\p{Cc}/u);
  });
});

describe('faultError', () => {
  it.each([
    ['exit', '1', false, 'model-refused'],
    ['signal', 'SEGV', false, 'model-refused'],
    ['signal', 'SEGV', true, 'worker-died'],
    ['signal', 'KILL', false, 'worker-died'],
    ['out-of-memory', 'KILL', true, 'no-memory'],
  ] as const)('%s %s, ready %s: %s', (kind, status, ready, code) => {
    expect(faultError('m', { kind, status }, '', ready).code).toBe(code);
  });
});

describe('variants', () => {
  it('reads what llama.cpp would load', () => {
    expect(loadedVariant('CPU /usr/lib/nanite/llama/libggml-cpu-cooperlake.so\n')).toBe('cpu-cooperlake');
    expect(loadedVariant('')).toBeNull();
  });

  it('goes down one at a time, and stops at the lowest', () => {
    const installed = ['cpu-cooperlake', 'cpu-haswell', 'cpu-x64'];
    expect(nextLower(installed, 'cpu-cooperlake')).toEqual({
      skipped: ['cpu-cooperlake'],
      variant: 'cpu-haswell',
    });
    expect(nextLower(installed, 'cpu-haswell')).toEqual({
      skipped: ['cpu-cooperlake', 'cpu-haswell'],
      variant: 'cpu-x64',
    });
    expect(nextLower(installed, 'cpu-x64')).toBeNull();
  });
});

describe('threads', () => {
  it('measures few numbers', () => {
    expect(candidates(2, 2)).toEqual([1, 2]);
    expect(candidates(12, 6)).toEqual([1, 2, 4, 6, 8, 12]);
  });

  it('takes the fewest that are as good as the best, for each kind of work', () => {
    const row = (n_threads: number, n_prompt: number, n_gen: number, avg_ts: number) => ({
      n_threads,
      n_prompt,
      n_gen,
      avg_ts,
    });
    const rows = [row(1, 64, 0, 700), row(1, 0, 16, 160), row(2, 64, 0, 1400), row(2, 0, 16, 163)];
    expect(bestThreads(JSON.stringify(rows))).toMatchObject({ threads: 1, threadsBatch: 2 });
    expect(() => bestThreads('[]')).toThrow(SyntaxError);
  });
});
