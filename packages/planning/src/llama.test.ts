import { describe, expect, it } from 'vitest';
import { bytesOfFiles, llamaBase, llamaUse, needFromFit, parseFit, useEnvironment } from './llama';
import { place } from './memory';

const MiB = 2 ** 20;
const onCpu = { backend: 'cpu' as const, vramBytes: 0 };

/** What was said of gemma-3-270m Q4_K_M on a processor with AMX, and the peak of its worker (docs/decisions/0123). */
const gemma = (cache: number) => `noise
need buffer AMX 224296960 0 0
need buffer Host 222073344 ${cache} 23875616
need heap 41265712
need vocabulary 262144
need window 512
`;

describe('memory from llama-fit-params', () => {
  it('reads what each buffer takes', () => {
    expect(parseFit(gemma(28311552), 8192)).toEqual({
      context: 8192,
      plain: 222073344,
      repacked: 224296960,
      cache: 28311552,
      compute: 23875616,
      heap: 41265712,
      vocabulary: 262144,
      window: 512,
      projector: 0,
    });
    expect(parseFit('error: no such file', 1)).toBeNull();
    expect(parseFit('Host 93 180 97 \n', 1)).toBeNull();
  });

  it('knows what a worker was seen to take', () => {
    const low = parseFit(gemma(27 * MiB), 4096)!;
    const high = parseFit(gemma(39 * MiB), 8192)!;
    const need = needFromFit(low, high, { weights: 253113024, besides: 0, projector: 0 });
    const { memoryBytes } = place(need, 4096, 1, onCpu);
    // 542 to 547 MiB with a prompt too short for a checkpoint, of which two are 7.5 MiB each.
    expect(memoryBytes / MiB).toBeGreaterThan(547);
    expect(memoryBytes / MiB).toBeLessThan(547 * 1.1);
  });

  const sample = (context: number, cache: number, compute: number, changes = {}) => ({
    context,
    plain: 28 * MiB,
    repacked: 95 * MiB,
    cache: cache * MiB,
    compute: compute * MiB,
    heap: 15 * MiB,
    vocabulary: 50_000,
    window: 0,
    projector: 0,
    ...changes,
  });
  const files = { weights: 94 * MiB, besides: 6 * MiB, projector: 5 * MiB };

  it('draws a straight line through two samples', () => {
    const need = needFromFit(sample(2048, 45, 98), sample(8192, 180, 104), files);
    const scores = (50_000 * 20) / MiB;
    expect(need.working(8192, 1) / MiB).toBeCloseTo(180 + 104 + scores, 1);
    expect(need.working(4096, 4) / MiB).toBeCloseTo(4 * (90 + scores) + 100, 0);
    expect(need.base).toBe(llamaBase + 15 * MiB);
  });

  it('counts earlier states of layers that see only the last tokens', () => {
    const window = { window: 512 };
    const grows = needFromFit(sample(2048, 45, 98), sample(8192, 180, 98), files);
    const fixed = needFromFit(sample(2048, 45 + 20, 98, window), sample(8192, 180 + 20, 98, window), files);
    expect((fixed.working(4096, 1) - grows.working(4096, 1)) / MiB).toBeCloseTo(20 + 2 * 10, 1);
  });

  it('knows what a worker with a large vocabulary that embeds was seen to take', () => {
    const said = (compute: number) => `need buffer CPU_REPACK 11943936 0 0
need buffer Host 55032640 0 ${compute}
need heap 129060640
need vocabulary 250002
need window 0
`;
    const [low, high] = [parseFit(said(2887680), 256)!, parseFit(said(6037504), 512)!];
    const need = needFromFit(low, high, { weights: 73653984, besides: 0, projector: 0 }, 'embed');
    const { memoryBytes } = place(need, 512, 4, onCpu);
    // multilingual-e5-small: 222 MiB after 160 texts.
    expect(memoryBytes / MiB).toBeGreaterThan(222);
    expect(memoryBytes / MiB).toBeLessThan(222 * 1.1);
    // No grammar says which token may come: nothing comes.
    expect(need.passing).toBe(0);
    expect(needFromFit(low, high, { weights: 73653984, besides: 0, projector: 0 }).passing).toBeGreaterThan(
      100 * MiB,
    );
  });

  it('counts the scores of all tokens twice where embeddings compute them', () => {
    const scores = (context: number) => (4 * 50_000 * context) / MiB;
    const low = sample(1024, 10, 5 + scores(1024));
    const high = sample(4096, 40, 20 + scores(4096));
    const generates = needFromFit(low, high, files, 'generate').working(4096, 1);
    const embeds = needFromFit(low, high, files, 'embed').working(4096, 1);
    expect((embeds - generates) / MiB).toBeCloseTo(scores(4096), 0);
    const none = needFromFit(sample(1024, 10, 5), sample(4096, 40, 20), files, 'embed');
    expect(none.working(4096, 1) / MiB).toBeLessThan(70);
  });

  it('counts what encoders of images reserve besides the file, and as much again for a larger image', () => {
    const said = `${gemma(0)}need projector ${105 * MiB}\n`;
    expect(parseFit(said, 8192)?.projector).toBe(105 * MiB);
    const need = (projector: number) =>
      needFromFit(sample(2048, 45, 98), sample(8192, 180, 98, { projector: projector * MiB }), files);
    expect((need(105).base - need(0).base) / MiB).toBe(100);
    expect((need(105).passing - need(0).passing) / MiB).toBe(100);
    expect(need(105).weights).toBe(need(0).weights);
  });

  it('keeps repacked weights and the vocabulary out of a GPU', () => {
    const need = needFromFit(sample(2048, 45, 98), sample(8192, 180, 98), files);
    const cpu = place(need, 4096, 1, onCpu);
    expect(cpu.memoryBytes).toBe(Math.ceil(need.base + 129 * MiB + need.working(4096, 1)));
    const gpu = place(need, 4096, 1, { backend: 'cuda', vramBytes: 8192 * MiB });
    expect(gpu.memoryBytes).toBe(need.base);
    expect(gpu.vramBytes).toBe(Math.ceil(100 * MiB + need.working(4096, 1)));
    const part = place(need, 4096, 1, { backend: 'cuda', vramBytes: 100 * MiB });
    expect(part.vramBytes).toBe(100 * MiB);
    expect(part.memoryBytes).toBeGreaterThan(need.base + need.weights + need.working(4096, 1) - 100 * MiB);
    const shared = place(need, 4096, 1, { backend: 'vulkan', vramBytes: 0 });
    expect(shared.memoryBytes).toBe(Math.ceil(need.base + 100 * MiB + need.working(4096, 1)));
  });

  it('asks for the buffers that the worker will have', () => {
    expect(llamaUse(['chat', 'embedding'])).toBe('generate');
    expect(llamaUse(['embedding'])).toBe('embed');
    expect(llamaUse(['rerank'])).toBe('rank');
    expect(useEnvironment('generate', 512)).toEqual({});
    expect(useEnvironment('embed', 512)).toMatchObject({
      LLAMA_ARG_EMBEDDINGS: 'true',
      LLAMA_ARG_UBATCH: '512',
    });
    expect(useEnvironment('rank', null)).toEqual({ LLAMA_ARG_RERANKING: 'true' });
  });

  it('adds the files of a model', () => {
    expect(
      bytesOfFiles([
        { role: 'weights', size: 1 },
        { role: 'weights', size: 2 },
        { role: 'projector', size: 4 },
        { role: 'licence', size: 8 },
        { role: 'adapter', size: null },
      ]),
    ).toEqual({ weights: 3, besides: 4, projector: 4 });
  });
});
