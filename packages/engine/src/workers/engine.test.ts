import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineClient, EngineSettings, type HardwareReport } from '@nanite/contracts';
import { createLog } from '@nanite/kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ending, Job, Launcher, Running } from '../launch/launcher';
import { createApi } from '../server';
import { Engine } from './engine';
import { KnowledgeFile } from './knowledge';
import { LlamaProgram } from './llama';

const MiB = 2 ** 20;
const quiet = createLog(() => undefined);

/** A launcher whose processes are HTTP servers in this process, and end as they are told. */
class FakeLauncher implements Launcher {
  readonly name = 'systemd';
  readonly jobs: Job[] = [];
  readonly endings = new Map<string, Ending>();
  readonly servers = new Map<string, Server>();
  /** What the next workers do instead of answering. */
  failures: Array<{ ending: Ending; log: string }> = [];
  fit = [2048, 8192]
    .map(
      (context) =>
        `context ${context}\nneed buffer Host ${10 * MiB} ${(context / 100) * MiB} ${30 * MiB}\n` +
        `need buffer CPU_REPACK ${20 * MiB} 0 0\nneed heap ${15 * MiB}\nneed vocabulary 50000\nneed window 0\n`,
    )
    .join('');

  constructor(private readonly runtime: string) {}

  folder(instance: string): string {
    return join(this.runtime, 'model', instance);
  }

  async start(job: Job): Promise<Running> {
    this.jobs.push(job);
    const folder = this.folder(job.instance);
    mkdirSync(folder, { recursive: true });
    if (job.environment['NANITE_JOB'] === 'fit') {
      writeFileSync(join(folder, 'out'), this.fit);
      this.endings.set(job.instance, { kind: 'success', status: '0' });
      return { pid: null, handle: '' };
    }
    const failure = this.failures.shift();
    writeFileSync(join(folder, 'log'), failure?.log ?? '');
    if (failure) {
      this.endings.set(job.instance, failure.ending);
      return { pid: null, handle: '' };
    }
    this.endings.delete(job.instance);
    const server = createServer((_, response) => void response.end('{"status":"ok"}'));
    await new Promise<void>((resolve) => server.listen(join(folder, 'worker.sock'), resolve));
    this.servers.set(job.instance, server);
    return { pid: 1, handle: job.instance };
  }

  /** The worker's process ends by itself. */
  async kill(instance: string, ending: Ending): Promise<void> {
    this.endings.set(instance, ending);
    await this.stop(instance);
  }

  async stop(instance: string): Promise<void> {
    const server = this.servers.get(instance);
    this.servers.delete(instance);
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  }

  alive = ({ handle }: Running) => this.servers.has(handle);
  ending = async (instance: string) => this.endings.get(instance) ?? null;
  find = async (instance: string) => (this.servers.has(instance) ? { pid: 1, handle: instance } : null);
  residentBytes = () => 5;
  cpuMicroseconds = () => 0;
  limits = async () => ({ cpuQuota: null, memoryBytes: null });
}

describe('Engine', () => {
  let dir: string;
  let launcher: FakeLauncher;
  let engine: Engine;
  let api: Server;
  let client: EngineClient;
  let hardware: HardwareReport | null;

  const makeEngine = (settings: Partial<EngineSettings> = {}) =>
    new Engine({
      launcher,
      settings: EngineSettings.parse({ memoryBytes: 1000 * MiB, startTimeout: 5, ...settings }),
      modelRoots: [join(dir, 'models')],
      hardware: () => hardware,
      knowledge: new KnowledgeFile(join(dir, 'state/knowledge.json'), quiet),
      programs: { llama: join(dir, 'llama'), engine: join(dir, 'engine') },
      llama: new LlamaProgram(join(dir, 'llama')),
      recordFolder: join(dir, 'run/engine'),
      read: (path) =>
        path === '/proc/self/status'
          ? 'Cpus_allowed_list:\t0-3\n'
          : path === '/proc/meminfo'
            ? 'MemAvailable: 9000000 kB\n'
            : null,
      log: quiet,
    });

  const addModel = (id: string, weights = 'GGUF....', root = 'models') => {
    const folder = join(dir, root, id);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'm.gguf'), weights);
    const manifest = {
      schema: 1,
      id,
      name: `${id}:1b`,
      description: '',
      format: 'gguf',
      family: 'llama',
      parameterSize: '1B',
      quantisation: 'Q4_0',
      capabilities: ['chat'],
      contextLength: 8192,
      licence: 'MIT',
      files: [{ role: 'weights', path: 'm.gguf', sha256: '0'.repeat(64), size: 8 }],
      source: 'test',
      modifiedAt: '2026-11-23T00:00:00Z',
    };
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  };

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'engine-'));
    hardware = null;
    mkdirSync(join(dir, 'llama'));
    // Stands for llama-server where it is asked about itself.
    writeFileSync(
      join(dir, 'llama/llama-server'),
      `#!/bin/sh
case $1 in
    --version) echo 'version: 9.9' ;;
    --list-backends) case $GGML_SKIP_BACKENDS in
        '') echo 'CPU /l/libggml-cpu-cooperlake.so' ;;
        *) echo 'CPU /l/libggml-cpu-haswell.so' ;;
    esac ;;
esac
`,
    );
    chmodSync(join(dir, 'llama/llama-server'), 0o755);
    for (const variant of ['cooperlake', 'haswell', 'x64'])
      writeFileSync(join(dir, `llama/libggml-cpu-${variant}.so`), '');
    launcher = new FakeLauncher(join(dir, 'run'));
    addModel('alpha');
    engine = makeEngine();
    api = createApi(engine, quiet);
    await new Promise<void>((resolve) => api.listen(join(dir, 'engine.sock'), resolve));
    client = new EngineClient(join(dir, 'engine.sock'));
  });
  afterEach(async () => {
    for (const instance of [...launcher.servers.keys()]) await launcher.stop(instance);
    await new Promise((resolve) => api.close(resolve));
    rmSync(dir, { recursive: true });
  });

  const workersStarted = () => launcher.jobs.filter((job) => job.environment['NANITE_JOB'] === 'llama');

  it('lists models with what they need', async () => {
    const { models } = await client.models();
    expect(models).toMatchObject([{ manifest: { id: 'alpha' }, runnable: true, why: null }]);
    expect(models[0]!.memoryBytes).toBeGreaterThan(60 * MiB);
  });

  it('says of a model whose runtime is not installed which package brings it', async () => {
    rmSync(join(dir, 'llama/llama-server'));
    const { models } = await client.models();
    expect(models).toMatchObject([{ runnable: false, whyCode: 'backend-missing', whyStatus: 501 }]);
    expect(models[0]!.why).toContain('nanite-llama');
  });

  it('asks llama.cpp once what a model needs, and remembers it across restarts', async () => {
    await client.plan({ model: 'alpha' });
    await client.plan({ model: 'alpha' });
    await makeEngine().plan({
      model: 'alpha',
      options: { context: null, slots: null, threads: null, gpuLayers: null },
    });
    expect(launcher.jobs.map((job) => job.instance)).toEqual(['alpha_fit']);
  });

  it('starts a worker once for many callers, with a limit above its estimate', async () => {
    const [a, b] = await Promise.all([client.start({ model: 'alpha' }), client.start({ model: 'alpha' })]);
    expect(a.pid).toBe(b.pid);
    expect(workersStarted()).toHaveLength(1);
    expect(workersStarted()[0]!.memoryMax).toBeGreaterThan(a.plan.memoryBytes);
    expect((await client.workers()).workers).toMatchObject([
      { id: 'alpha', state: 'ready', residentBytes: 5 },
    ]);
  });

  it('starts again for a larger context, not for a smaller', async () => {
    await client.start({ model: 'alpha', options: { context: 2048 } });
    await client.start({ model: 'alpha', options: { context: 1024 } });
    expect(workersStarted()).toHaveLength(1);
    const larger = await client.start({ model: 'alpha', options: { context: 8192 } });
    expect(workersStarted()).toHaveLength(2);
    expect(larger.plan.context).toBe(8192);
  });

  it('runs the staged version of a model beside the current one', async () => {
    addModel('alpha', 'GGUF....', 'models/.staged');
    const { models } = await client.models();
    expect(models.map(({ manifest, staged, path }) => [manifest.id, manifest.name, staged, path])).toEqual([
      ['alpha', 'alpha:1b', false, join(dir, 'models/alpha')],
      ['alpha--staged', 'alpha:1b--staged', true, join(dir, 'models/.staged/alpha')],
    ]);
    await client.start({ model: 'alpha' });
    await client.start({ model: 'alpha--staged' });
    expect([...launcher.servers.keys()]).toEqual(['alpha', 'alpha--staged']);
    const job = launcher.jobs.at(-1);
    expect(job?.environment['LLAMA_ARG_MODEL']).toBe(join(dir, 'models/.staged/alpha/m.gguf'));
  });

  it('stops a worker, and is content if there is none', async () => {
    await client.start({ model: 'alpha' });
    await client.stop('alpha');
    await client.stop('alpha');
    expect((await client.workers()).workers).toEqual([]);
    expect(launcher.servers.size).toBe(0);
  });

  it('names the nearest model where there is none', async () => {
    await expect(client.start({ model: 'alpah' })).rejects.toMatchObject({
      status: 404,
      code: 'model-not-found',
      hint: 'there is alpha',
    });
  });

  it('does not list a model whose weights are not there yet', async () => {
    addModel('beta');
    rmSync(join(dir, 'models/beta/m.gguf'));
    expect((await client.models()).models.map(({ manifest }) => manifest.id)).toEqual(['alpha']);
    await expect(client.start({ model: 'beta' })).rejects.toMatchObject({ code: 'model-not-found' });
  });

  it.each([
    ['a file cut off', 'GGUF'],
    ['a file of another kind', 'PK345678'],
  ])('refuses %s before anything opens it', async (_, weights) => {
    addModel('bad', weights);
    await expect(client.start({ model: 'bad' })).rejects.toMatchObject({
      status: 422,
      code: 'model-refused',
    });
    expect(launcher.jobs).toEqual([]);
  });

  it('gives the reason of a file that llama.cpp refuses, and goes on', async () => {
    launcher.failures = [
      {
        ending: { kind: 'exit', status: '1' },
        log: 'E error loading model: tensor is not within the file bounds\n',
      },
    ];
    await expect(client.start({ model: 'alpha' })).rejects.toMatchObject({
      code: 'model-refused',
      message: expect.stringContaining('not within the file bounds') as string,
    });
    expect(await client.start({ model: 'alpha' })).toMatchObject({ state: 'ready' });
  });

  it('refuses what does not fit beside the others, until one is stopped', async () => {
    addModel('beta');
    const plan = await client.plan({ model: 'alpha' });
    const tight = makeEngine({ memoryBytes: plan.memoryBytes + 10 * MiB });
    const options = { context: null, slots: null, threads: null, gpuLayers: null };
    await tight.start({ model: 'alpha', options });
    await expect(tight.start({ model: 'beta', options })).rejects.toMatchObject({ code: 'no-memory' });
    await tight.stop('alpha');
    expect(await tight.start({ model: 'beta', options })).toMatchObject({ state: 'ready' });
  });

  it('says what never fits', async () => {
    await expect(
      makeEngine({ memoryBytes: 50 * MiB }).plan({
        model: 'alpha',
        options: { context: null, slots: null, threads: null, gpuLayers: null },
      }),
    ).rejects.toMatchObject({ code: 'model-too-large', status: 507 });
  });

  it('notices a worker that was killed, says so, and starts another', async () => {
    await client.start({ model: 'alpha' });
    await launcher.kill('alpha', { kind: 'signal', status: 'KILL' });
    const status = await client.status();
    expect(status.workers).toEqual([]);
    expect(status.faults).toMatchObject([{ model: 'alpha', code: 'worker-died', status: 'KILL' }]);
    await client.start({ model: 'alpha' });
    expect(workersStarted()).toHaveLength(2);
  });

  it('goes to the next lower CPU variant after an illegal instruction, and remembers it', async () => {
    launcher.failures = [
      { ending: { kind: 'signal', status: 'ILL' }, log: '' },
      { ending: { kind: 'signal', status: 'ILL' }, log: '' },
    ];
    const { plan } = await client.start({ model: 'alpha' });
    expect(plan.cpuVariant).toBe('cpu-x64');
    expect(workersStarted().map((job) => job.environment['GGML_SKIP_BACKENDS'])).toEqual([
      'cuda,hip,vulkan',
      'cpu-cooperlake,cuda,hip,vulkan',
      'cpu-cooperlake,cpu-haswell,cuda,hip,vulkan',
    ]);
    expect(plan.reasons.join()).toContain('illegal instruction');
    const again = await makeEngine().plan({
      model: 'alpha',
      options: { context: null, slots: null, threads: null, gpuLayers: null },
    });
    expect(again.cpuVariant).toBe('cpu-x64');
  });

  it('does so too when the worker had answered before', async () => {
    await client.start({ model: 'alpha' });
    await launcher.kill('alpha', { kind: 'signal', status: 'ILL' });
    expect((await client.start({ model: 'alpha' })).plan.cpuVariant).toBe('cpu-haswell');
  });

  it('gives up where no variant is left', async () => {
    const ill = { ending: { kind: 'signal', status: 'ILL' } as const, log: '' };
    launcher.failures = [ill, ill, ill];
    await expect(client.start({ model: 'alpha' })).rejects.toMatchObject({ code: 'worker-died' });
  });

  it('finds the workers of an engine before it', async () => {
    await client.start({ model: 'alpha' });
    const next = makeEngine();
    await next.adopt();
    expect(next.workers()).toMatchObject([{ id: 'alpha', state: 'ready' }]);
    await launcher.kill('alpha', { kind: 'signal', status: 'KILL' });
    const third = makeEngine();
    await third.adopt();
    expect(third.workers()).toEqual([]);
    expect((await third.status()).faults).toHaveLength(1);
  });

  it('answers bad requests in the shape of the API', async () => {
    await expect(client.start({ model: '../../etc' })).rejects.toMatchObject({
      status: 400,
      code: 'bad-request',
    });
    await expect(client.start({ model: 'alpha', options: { context: -1 } })).rejects.toMatchObject({
      status: 400,
    });
  });
});
