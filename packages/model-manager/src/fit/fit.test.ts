import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineSettings, type Fit, type Gpu, type HardwareReport } from '@nanite/contracts';
import { describe, expect, it } from 'vitest';
import { bufferSource } from '../gate/bytes';
import { ggufFile } from '@nanite/gguf';
import { tinyLlama, tinyWith } from '../gate/corpus/tiny-llama';
import { examine } from '../gate/examine';
import type { inspect } from '../gate/gate';
import type { ResolvedFile } from '../sources/resolved';
import { FaultServer } from '../testing/fault-server';
import { fitHere, inOrder, placeOf, type Candidate, type Here, type Machine } from './fit';
import { hollowCopy } from './header';

const GiB = 2 ** 30;
const MiB = 2 ** 20;

const hardware = (budget: number, gpus: Partial<Gpu>[] = []): HardwareReport =>
  ({
    memory: { totalBytes: 2 * budget, availableBytes: budget, modelBudgetBytes: budget },
    gpus,
  }) as HardwareReport;
const here = (budget: number, changes: Partial<Machine> = {}): Here =>
  placeOf({
    hardware: hardware(budget),
    settings: EngineSettings.parse({}),
    backends: [],
    bandwidth: 20e9,
    ...changes,
  });
/** 8B in four bits: 4.6 GiB of weights, 128 KiB of cache a token. */
const candidate = (changes: Partial<Candidate> = {}): Candidate => ({
  quantisation: 'Q4_K_M',
  format: 'gguf',
  need: {
    weights: 4.6 * GiB,
    weightsOnCpu: 4.6 * GiB,
    working: (context, slots) => context * slots * 128 * 1024 + 300 * MiB,
    base: 60 * MiB,
    passing: 0,
  },
  contextLength: 131_072,
  activeShare: 1,
  basis: 'llama.cpp',
  ...changes,
});

describe('fitHere', () => {
  it('runs with the context of the settings where there is room', () => {
    expect(fitHere(candidate(), here(8 * GiB))).toEqual({
      runs: true,
      why: 'slower than reading speed',
      quantisation: 'Q4_K_M',
      context: 4096,
      backend: 'cpu',
      memoryBytes: Math.ceil(4.6 * GiB + 4096 * 128 * 1024 + 360 * MiB),
      vramBytes: 0,
      tokensPerSecond: 2.8,
      basis: 'llama.cpp',
    });
  });

  it('takes less context where there is less room, and says so', () => {
    expect(fitHere(candidate(), here(5.2 * GiB))).toMatchObject({
      runs: true,
      context: 1024,
      why: 'context is 1024 instead of 4096 tokens: more does not fit; slower than reading speed',
    });
  });

  it('says what is missing where it does not run', () => {
    expect(fitHere(candidate(), here(4 * GiB))).toMatchObject({
      runs: false,
      context: null,
      tokensPerSecond: null,
      why: 'needs 5.0 GiB, and models may take 4.0 GiB here',
    });
  });

  it('never promises more context than the model has', () => {
    expect(fitHere(candidate({ contextLength: 512 }), here(8 * GiB, { bandwidth: null }))).toMatchObject({
      context: 512,
      why: null,
    });
  });

  it('counts the memory of a GPU whose backend works', () => {
    const gpu = {
      vendor: 'nvidia' as const,
      name: 'X',
      vramBytes: 8 * GiB,
      sharedMemory: false,
      supports: ['cuda' as const],
    };
    const with_ = (works: Array<'cuda'>, backends: string[]) =>
      fitHere(candidate(), here(1 * GiB, { hardware: hardware(1 * GiB, [{ ...gpu, works }]), backends }));
    expect(with_(['cuda'], ['cuda'])).toMatchObject({ runs: true, backend: 'cuda', tokensPerSecond: null });
    expect(with_(['cuda'], ['cuda']).vramBytes).toBeGreaterThan(4 * GiB);
    expect(with_(['cuda'], [])).toMatchObject({ runs: false, backend: 'cpu' });
    expect(with_([], ['cuda'])).toMatchObject({ runs: false, backend: 'cpu' });
  });

  it('expects a mixture of experts to be as fast as what it uses of itself', () => {
    const speed = (activeShare: number) =>
      fitHere(candidate({ activeShare }), here(8 * GiB)).tokensPerSecond!;
    expect(speed(0.25)).toBeCloseTo(4 * speed(1), 0);
    expect(fitHere(candidate(), here(8 * GiB, { bandwidth: null })).tokensPerSecond).toBeNull();
  });

  it.each([
    [1e12, 140],
    [5.2e9, 0.74],
    [5.2e7, 0.0074],
  ])('guesses a speed in two digits, with memory of %d bytes/s', (bandwidth, expected) => {
    expect(fitHere(candidate(), here(8 * GiB, { bandwidth })).tokensPerSecond).toBe(expected);
  });

  it('obeys the setting of memory before the report', () => {
    const settings = EngineSettings.parse({ memoryBytes: 2 * GiB });
    expect(fitHere(candidate(), here(8 * GiB, { settings })).runs).toBe(false);
  });
});

describe('inOrder', () => {
  const fit = (runs: boolean, memoryBytes: number, tokensPerSecond: number | null = null) =>
    ({ runs, memoryBytes, tokensPerSecond }) as Fit;

  it('recommends the largest that runs, and of the others the one that lacks least', () => {
    const fits = [fit(false, 9), fit(true, 3, 90), fit(false, 7), fit(true, 5, 60)];
    expect(inOrder(fits).map(({ memoryBytes }) => memoryBytes)).toEqual([5, 3, 7, 9]);
  });

  it('recommends no quality that nobody waits for where another answers as fast as people read', () => {
    const fits = [fit(true, 16, 2.6), fit(true, 8, 5.1), fit(true, 5, 8), fit(true, 12, 3.5)];
    expect(inOrder(fits).map(({ memoryBytes }) => memoryBytes)).toEqual([8, 5, 12, 16]);
  });

  it('recommends the fastest where all are slow: Q4_K_M at 2 tokens/s before Q8_0 at 1', () => {
    const fits = [fit(true, 8, 1.1), fit(true, 5, 2), fit(true, 6, 1.6)];
    expect(inOrder(fits).map(({ memoryBytes }) => memoryBytes)).toEqual([5, 6, 8]);
  });

  it('takes no GPU for slow because nothing is known of it', () => {
    expect(inOrder([fit(true, 5, 9), fit(true, 9, null)])[0]).toMatchObject({ memoryBytes: 9 });
  });
});

describe('hollowCopy', () => {
  const signal = AbortSignal.timeout(30_000);
  /** As the gate does, in this process. */
  const look: typeof inspect = async (path, options = {}) =>
    examine(bufferSource(readFileSync(path), options.size ?? statSync(path).size));
  const copy = () => join(mkdtempSync(join(tmpdir(), 'nanite-fit-')), 'model.gguf');
  const file = (size: number, changes: Partial<ResolvedFile>): ResolvedFile => ({
    role: 'weights',
    name: 'model.gguf',
    size,
    sha256: null,
    locate: () => Promise.reject(new Error('not asked')),
    ...changes,
  });
  /** A header of 5 MB: more than is fetched at first. */
  const large = ggufFile(
    tinyWith({
      'general.tags': {
        type: 'array',
        of: 'string',
        values: Array.from({ length: 50_000 }, () => 'x'.repeat(100)),
      },
    }),
  );

  it('has the header and the size of a file of this machine', async () => {
    const whole = ggufFile(tinyLlama());
    const path = copy();
    writeFileSync(path, whole);
    const hollow = copy();
    expect(
      await hollowCopy(file(whole.length, { path }), hollow, look, { insecure: false, signal }),
    ).toMatchObject({
      architecture: 'llama',
      contextLength: 128,
    });
    expect(statSync(hollow).size).toBe(whole.length);
  });

  it.each([false, true])(
    'fetches no more of a distant file than its header needs (range ignored: %s)',
    async (ignoreRange) => {
      const server = await FaultServer.start(large);
      server.faults = { ignoreRange };
      try {
        const locate = () =>
          Promise.resolve({ url: `${server.url}/model.gguf`, headers: {}, insecure: true });
        const size = 40 * GiB;
        // What it says of its size is all that is believed; its tensors end long before.
        const hollow = copy();
        const facts = await hollowCopy(file(size, { locate }), hollow, look, { insecure: true, signal });
        expect(facts.architecture).toBe('llama');
        expect(statSync(hollow)).toMatchObject({ size });
        expect(statSync(hollow).blocks * 512).toBeLessThan(20 * MiB);
        expect(server.asked.length).toBe(2);
      } finally {
        await server.stop();
      }
    },
  );

  it('refuses a header whose tensors are not in a file of this size', async () => {
    const whole = ggufFile(tinyLlama());
    const path = copy();
    writeFileSync(path, whole);
    await expect(
      hollowCopy(file(whole.length - 4096, { path }), copy(), look, { insecure: false, signal }),
    ).rejects.toMatchObject({ reason: 'truncated' });
  });

  it('says that it needs the size', async () => {
    await expect(
      hollowCopy(file(0, { size: null }), copy(), look, { insecure: false, signal }),
    ).rejects.toMatchObject({ code: 'unsupported' });
  });
});
