import { EngineSettings, ModelManifest, type WorkerPlan } from '@nanite/contracts';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sandboxArguments } from './bubblewrap';
import { benchEnvironment, environmentFile, fitEnvironment, workerEnvironment } from './environment';
import { SystemdLauncher, seconds, signalName, unitOf } from './systemd';

const programs = { llama: '/usr/lib/nanite/llama', engine: '/usr/lib/nanite/engine' };
const settings = EngineSettings.parse({});

const model = (changes: Partial<ModelManifest> = {}) => ({
  staged: false,
  path: '/usr/share/nanite/models/m',
  manifest: ModelManifest.parse({
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
    files: [{ role: 'weights', path: 'm.gguf', sha256: '0'.repeat(64), size: 1 }],
    source: 'test',
    modifiedAt: '2026-11-23T00:00:00Z',
    ...changes,
  }),
});
const plan: WorkerPlan = {
  model: 'm',
  runtime: 'llama',
  backend: 'cpu',
  cpuVariant: null,
  context: 2048,
  slots: 3,
  kvType: 'q8_0',
  threads: 2,
  threadsBatch: 4,
  gpuLayers: 0,
  memoryBytes: 1,
  vramBytes: 0,
  limitBytes: null,
  reasons: [],
};
const of = (
  changes: Partial<ModelManifest> = {},
  planned: Partial<WorkerPlan> = {},
  skipped: string[] = [],
) =>
  workerEnvironment(
    model(changes),
    { ...plan, ...planned },
    settings,
    '/run/nanite/model/m',
    programs,
    skipped,
  );

describe('workerEnvironment', () => {
  it('gives each slot its own context and turns off what hides errors or costs memory', () => {
    expect(of()).toMatchObject({
      NANITE_JOB: 'llama',
      LLAMA_ARG_MODEL: '/usr/share/nanite/models/m/m.gguf',
      LLAMA_ARG_HOST: '/run/nanite/model/m/worker.sock',
      LLAMA_ARG_CTX_SIZE: '6144',
      LLAMA_ARG_N_PARALLEL: '3',
      LLAMA_ARG_THREADS: '2',
      NANITE_THREADS_BATCH: '4',
      LLAMA_ARG_CACHE_TYPE_K: 'q8_0',
      LLAMA_ARG_CONTEXT_SHIFT: 'true',
      LLAMA_ARG_CACHE_RAM: '0',
      LLAMA_ARG_UI: 'false',
    });
  });

  it('opens no GPU library on the CPU, and none of the variants that failed', () => {
    expect(of({}, {}, ['cpu-cooperlake'])['GGML_SKIP_BACKENDS']).toBe('cpu-cooperlake,cuda,hip,vulkan');
    expect(of({}, { backend: 'vulkan', gpuLayers: null })['GGML_SKIP_BACKENDS']).toBeUndefined();
  });

  it('never names a Vulkan device: llvmpipe would be taken only then', () => {
    expect(Object.keys(of({}, { backend: 'vulkan', gpuLayers: null })).join()).not.toContain('VK_VISIBLE');
  });

  it('lets llama.cpp fit the layers to a GPU unless they are given', () => {
    const fitted = of({}, { backend: 'cuda', gpuLayers: null });
    expect(fitted['LLAMA_ARG_FIT']).toBe('on');
    expect(fitted['LLAMA_ARG_N_GPU_LAYERS']).toBeUndefined();
    expect(of({}, { backend: 'cuda', gpuLayers: 7 })).toMatchObject({
      LLAMA_ARG_FIT: 'off',
      LLAMA_ARG_N_GPU_LAYERS: '7',
    });
  });

  it('embeds and ranks in one piece', () => {
    expect(of({ capabilities: ['embedding'], pooling: 'cls' })).toMatchObject({
      LLAMA_ARG_EMBEDDINGS: 'true',
      LLAMA_ARG_POOLING: 'cls',
      LLAMA_ARG_UBATCH: '2048',
    });
    expect(of({ capabilities: ['rerank'] })['LLAMA_ARG_RERANKING']).toBe('true');
    expect(of({ capabilities: ['chat', 'embedding'] })['LLAMA_ARG_EMBEDDINGS']).toBeUndefined();
  });

  it('keeps ONNX Runtime from sending usage data', () => {
    expect(of({}, { runtime: 'onnx' })).toMatchObject({ NANITE_JOB: 'onnx', ORT_DISABLE_TELEMETRY: '1' });
  });
});

describe('environmentFile', () => {
  it('escapes what systemd.exec(5) reads as special', () => {
    expect(environmentFile({ A: 'x"y\\z$h`i', B: 'plain' })).toBe('A="x\\"y\\\\z\\$h\\`i"\nB="plain"\n');
  });

  it.each([[{ A: 'x\nLD_PRELOAD=/tmp/evil.so' }], [{ A: 'x\rB=1' }], [{ 'A=1\nB': 'x' }]])(
    'refuses what would make another line: %o',
    (environment) => {
      expect(() => environmentFile(environment as Record<string, string>)).toThrow(RangeError);
    },
  );
});

describe('sandboxArguments', () => {
  const job = {
    instance: 'm',
    environment: fitEnvironment(model(), [1, 2], 'f16', '/run/f', programs),
    modelPath: '/models/m',
    memoryMax: 1,
    gpu: false,
  };
  const line = (gpu: boolean) => sandboxArguments({ ...job, gpu }, '/run/f', programs).join(' ');

  it('unshares all, binds the model read-only and only its folder writable', () => {
    expect(line(false)).toContain('--die-with-parent --new-session --unshare-all --cap-drop ALL --clearenv');
    expect(line(false)).toContain('--ro-bind /models/m /models/m');
    expect(line(false).match(/ --bind \S+/g)).toEqual([' --bind /run/f']);
    expect(line(false)).not.toContain('--share-net');
  });

  it('shows GPU devices to GPU workers only', () => {
    expect(line(false)).not.toContain('/dev/dri');
    expect(line(true)).toContain('--dev-bind-try /dev/dri /dev/dri');
  });
});

describe('SystemdLauncher', () => {
  let runtime: string;
  beforeEach(() => (runtime = mkdtempSync(join(tmpdir(), 'systemd-launcher-'))));
  afterEach(() => rmSync(runtime, { recursive: true }));

  const launcher = (
    answers: Record<string, string>,
    calls: string[][] = [],
    files: Record<string, string> = {},
  ) =>
    new SystemdLauncher(
      runtime,
      (path) => files[path] ?? null,
      async (...args) => {
        calls.push(args);
        return answers[args[0]!] ?? '';
      },
      0,
    );

  it('writes the environment, sets the limit, then starts the unit', async () => {
    const calls: string[][] = [];
    const environment = benchEnvironment(model(), [1, 2], '/run/f', programs, []);
    const running = await launcher(
      { show: 'ActiveState=active\nMainPID=42\nControlGroup=/nanite.slice/x\n' },
      calls,
    ).start({ instance: 'm_bench', environment, modelPath: '/m', memoryMax: 1000, gpu: false });
    expect(running).toEqual({ pid: 42, handle: '/nanite.slice/x' });
    expect(calls.map((args) => args.slice(0, 2).join(' '))).toEqual([
      'set-property --runtime',
      'restart nanite-model@m_bench.service',
      'show --property',
    ]);
    expect(calls[0]).toContain('MemoryMax=1000');
    expect(readFileSync(join(runtime, 'engine/m_bench.env'), 'utf8')).toContain('NANITE_THREADS="1,2"\n');
  });

  it.each([
    ['ActiveState=active\nResult=success', null],
    [
      'ActiveState=inactive\nResult=success\nExecMainCode=1\nExecMainStatus=0',
      { kind: 'success', status: '0' },
    ],
    [
      'ActiveState=failed\nResult=signal\nExecMainCode=2\nExecMainStatus=4',
      { kind: 'signal', status: 'ILL' },
    ],
    [
      'ActiveState=failed\nResult=core-dump\nExecMainCode=3\nExecMainStatus=11',
      { kind: 'signal', status: 'SEGV' },
    ],
    ['ActiveState=failed\nResult=exit-code\nExecMainCode=1\nExecMainStatus=1', { kind: 'exit', status: '1' }],
    [
      'ActiveState=failed\nResult=oom-kill\nExecMainCode=2\nExecMainStatus=9',
      { kind: 'out-of-memory', status: 'KILL' },
    ],
  ])('reads how a unit ended from %j', async (show, ending) => {
    expect(await launcher({ show }).ending('m', false)).toEqual(ending);
  });

  it('sees a worker by its cgroup', () => {
    const files = {
      '/sys/fs/cgroup/a/cgroup.events': 'populated 1\nfrozen 0\n',
      '/sys/fs/cgroup/a/memory.current': '77\n',
    };
    const seen = launcher({}, [], files);
    expect(seen.alive({ pid: 1, handle: '/a' })).toBe(true);
    expect(seen.alive({ pid: 1, handle: '/b' })).toBe(false);
    expect(seen.residentBytes({ pid: 1, handle: '/a' })).toBe(77);
  });

  it('takes the tightest limit that is set on the units', async () => {
    const show =
      'CPUQuotaPerSecUSec=infinity\nMemoryMax=infinity\n\nCPUQuotaPerSecUSec=1.500s\nMemoryMax=1000\n';
    expect(await launcher({ show }).limits()).toEqual({ cpuQuota: 1.5, memoryBytes: 1000 });
  });

  it('names units and signals, and reads spans', () => {
    expect(unitOf('m', true)).toBe('nanite-model-gpu@m.service');
    expect(signalName(4)).toBe('ILL');
    expect(seconds('500ms')).toBe(0.5);
    expect(seconds('1min 2s')).toBe(62);
    expect(seconds('infinity')).toBeNull();
  });
});
