import { EngineSettings, ModelManifest, WorkerOptions } from '@nanite/contracts';
import { describe, expect, it } from 'vitest';
import { memoryLimit, planWorker, serves, type PlanInput } from './plan';

const MiB = 2 ** 20;
const manifest = ModelManifest.parse({
  schema: 1,
  id: 'm',
  name: 'm:1b',
  description: '',
  format: 'gguf',
  family: 'llama',
  parameterSize: '1B',
  quantisation: 'Q4_0',
  capabilities: ['chat'],
  contextLength: 8192,
  licence: 'MIT',
  files: [{ role: 'weights', path: 'm.gguf', sha256: '0'.repeat(64), size: 100 * MiB }],
  source: 'test',
  modifiedAt: '2026-11-23T00:00:00Z',
});
const settings = EngineSettings.parse({});
const options = WorkerOptions.parse({});
const cpuOnly = { backend: 'cpu' as const, vramBytes: 0, reason: 'cpu' };

const input = (changes: Partial<PlanInput> = {}): PlanInput => ({
  manifest,
  options,
  settings,
  cpu: { allowed: 8, cores: 4, quota: null },
  memoryBudget: 4096 * MiB,
  backend: cpuOnly,
  need: {
    weights: 100 * MiB,
    weightsOnCpu: 100 * MiB,
    working: (context, slots) => context * slots * 0.02 * MiB,
    base: 50 * MiB,
    passing: 10 * MiB,
  },
  cpuVariant: null,
  measured: null,
  ...changes,
});

describe('planWorker', () => {
  it('takes the settings where the client names nothing', () => {
    const plan = planWorker(input());
    expect(plan).toMatchObject({ context: 4096, slots: 4, threads: 4, threadsBatch: 8, backend: 'cpu' });
    expect(plan.memoryBytes).toBe(Math.ceil((150 + 4096 * 4 * 0.02) * MiB));
    expect(memoryLimit(plan)).toBe(Math.ceil(plan.memoryBytes * 1.25) + (10 + 128) * MiB);
    expect(memoryLimit({ ...plan, limitBytes: null })).toBe(Math.ceil(plan.memoryBytes * 1.25) + 128 * MiB);
  });

  it.each([
    ['all fits', 4096, 4096, 4],
    ['two slots fit', 320, 4096, 2],
    ['one slot fits', 235, 4096, 1],
    ['half the context fits', 200, 2048, 1],
    ['an eighth fits', 161, 512, 1],
  ])('gives up slots, then context: %s', (_, budget, context, slots) => {
    expect(planWorker(input({ memoryBudget: budget * MiB }))).toMatchObject({ context, slots });
  });

  it('refuses what never fits, with the numbers', () => {
    expect(() => planWorker(input({ memoryBudget: 100 * MiB }))).toThrow(/m:1b needs 161 MiB.*100 MiB/);
  });

  it('does not shrink a context that was asked for', () => {
    const asked = { ...options, context: 4096 };
    expect(planWorker(input({ options: asked, memoryBudget: 235 * MiB }))).toMatchObject({ slots: 1 });
    expect(() => planWorker(input({ options: asked, memoryBudget: 200 * MiB }))).toThrow(/needs/);
  });

  it('never goes beyond what the model was trained for', () => {
    const plan = planWorker(input({ options: { ...options, context: 100_000 } }));
    expect(plan.context).toBe(8192);
    expect(plan.reasons.join()).toContain('8192');
  });

  it.each([
    ['eight CPUs', { allowed: 8, cores: 8, quota: null }, 8, 8],
    ['hyper-threads', { allowed: 8, cores: 4, quota: null }, 4, 8],
    ['a mask of one CPU', { allowed: 1, cores: 1, quota: null }, 1, 1],
    ['CPUQuota=100%', { allowed: 2, cores: 2, quota: 1 }, 1, 1],
    ['CPUQuota=250%', { allowed: 16, cores: 8, quota: 2.5 }, 2, 2],
    ['CPUQuota=50%', { allowed: 2, cores: 2, quota: 0.5 }, 1, 1],
  ])('keeps threads within %s', (_, cpu, threads, threadsBatch) => {
    expect(planWorker(input({ cpu }))).toMatchObject({ threads, threadsBatch });
  });

  it('uses measured threads, but never more than there are now', () => {
    const measured = { threads: 3, threadsBatch: 6, tokensPerSecond: 10, summary: '3: 10 tokens/s' };
    expect(planWorker(input({ measured }))).toMatchObject({ threads: 3, threadsBatch: 6 });
    const cpu = { allowed: 8, cores: 8, quota: 2 };
    expect(planWorker(input({ measured, cpu }))).toMatchObject({ threads: 2, threadsBatch: 2 });
  });

  it('takes fewer threads where the client or the settings say so', () => {
    expect(planWorker(input({ options: { ...options, threads: 2 } }))).toMatchObject({
      threads: 2,
      threadsBatch: 2,
    });
    expect(planWorker(input({ settings: { ...settings, threads: 1 } })).threads).toBe(1);
  });

  it('counts what lies in the memory of a GPU apart', () => {
    const backend = { backend: 'cuda' as const, vramBytes: 8192 * MiB, reason: 'gpu' };
    const plan = planWorker(input({ backend, memoryBudget: 100 * MiB }));
    expect(plan).toMatchObject({ backend: 'cuda', gpuLayers: null, memoryBytes: 50 * MiB });
    expect(planWorker(input({ backend, options: { ...options, gpuLayers: 0 } }))).toMatchObject({
      gpuLayers: 0,
      vramBytes: 0,
    });
  });
});

describe('serves', () => {
  const plan = planWorker(input());
  it('keeps a worker that is large enough', () => {
    expect(serves(plan, options, 8192)).toBe(true);
    expect(serves(plan, { ...options, context: 2048 }, 8192)).toBe(true);
    expect(serves(plan, { ...options, context: 8192 }, 8192)).toBe(false);
    expect(
      serves(
        planWorker(input({ options: { ...options, context: 8192 } })),
        { ...options, context: 99999 },
        8192,
      ),
    ).toBe(true);
  });
});
