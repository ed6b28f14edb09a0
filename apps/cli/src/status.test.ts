import { GatewayStatus } from '@nanite/contracts';
import { expect, it } from 'vitest';
import { statusText } from './status';
import { failedUnits, serviceStates, unitsOf } from './units';

const now = Date.parse('2026-11-23T12:00:00Z');
const status = GatewayStatus.parse({
  version: '0.1.0',
  ollamaVersion: '0.12.0',
  startedAt: '2026-11-23T11:00:00Z',
  listeners: ['/run/nanite/gateway.sock', '127.0.0.1:11434'],
  you: { uid: 1000, pid: 5, via: 'unix' },
  notices: [{ code: 'port-taken', message: 'Ollama holds port 11434', hint: 'it is asked through us' }],
  models: [],
  loaded: [
    {
      model: 'smollm2:135m',
      state: 'ready',
      memoryBytes: 300 * 2 ** 20,
      running: 1,
      slots: 4,
      waiting: 0,
      expiresAt: '2026-11-23T12:04:00Z',
    },
  ],
  backends: [{ name: 'far', kind: 'openai', url: 'https://far.example', remote: true, state: 'off' }],
  engine: {
    launcher: 'systemd',
    cpus: 2,
    memoryBudgetBytes: 2 ** 33,
    backends: ['cpu'],
    workers: [
      {
        id: 'smollm2-135m-instruct',
        state: 'ready',
        socket: '/run/nanite/model/smollm2-135m-instruct/worker.sock',
        pid: 77,
        startedAt: '2026-11-23T11:59:00Z',
        plan: {
          model: 'smollm2-135m-instruct',
          runtime: 'llama',
          backend: 'cpu',
          cpuVariant: null,
          context: 2048,
          slots: 4,
          kvType: 'f16',
          threads: 2,
          threadsBatch: 2,
          gpuLayers: 0,
          memoryBytes: 300 * 2 ** 20,
          vramBytes: 0,
          limitBytes: null,
          reasons: ['2 CPUs are free'],
        },
      },
    ],
  },
  memoryBudgetBytes: 2 ** 33,
  requests: { running: 1, waiting: 0, served: 9 },
});

it('shows services, memory, models, workers with their plan, and notices', () => {
  const text = statusText(status, now, process.stdout, { verbose: true });
  // Decisions of the engine are for those who want to know.
  expect(statusText(status, now)).not.toContain('2 CPUs are free');
  expect(text).toMatch(/gateway +answers +version 0\.1\.0, \/run\/nanite\/gateway\.sock, 127/);
  expect(text).toMatch(/far +off +openai at https:\/\/far\.example, leaves this machine/);
  expect(text).toContain('Models use 300 MiB of the 8.0 GiB allowed');
  expect(text).toContain('smollm2:135m  ready, 300 MiB, 1/4 slots busy, 0 waiting, unloads in 4 min');
  expect(text).toContain('cpu, 2 threads, 4 slots of 2048 tokens, cache f16, 300 MiB');
  expect(text).toContain('- 2 CPUs are free');
  expect(text).toContain('Ollama holds port 11434\n    it is asked through us');
});

it('shows an engine that does not answer', () => {
  expect(statusText({ ...status, engine: null, memoryBudgetBytes: null, loaded: [] }, now)).toMatch(
    /engine +does not answer[\s\S]*none; a model is loaded when it is first asked/,
  );
});

it('says which model answers by default, why, and what a setting of the person does to that', () => {
  const defaultModel = {
    name: 'smollm2:135m',
    reason: 'the largest model here that fits and is fast enough',
    passedOver: [{ name: 'qwen:1.5b', why: 'needs 1.9 GiB; models may take 1.0 GiB here' }],
  };
  const text = statusText({ ...status, defaultModel }, now);
  expect(text).toContain(
    'Answers by default\n  smollm2:135m: the largest model here that fits and is fast enough\n' +
      '    - qwen:1.5b needs 1.9 GiB; models may take 1.0 GiB here\n',
  );
  const own = statusText({ ...status, defaultModel }, now, process.stdout, { ownModel: 'qwen:0.5b' });
  expect(own).toContain('Answers by default\n  qwen:0.5b: the setting cli.model names it\n');
  expect(own).not.toContain('qwen:1.5b');
});

const listing = `nanite-gateway.service     loaded active   running   Gateway
nanite-models.socket       loaded active   listening Model store
nanite-models.service      loaded inactive dead      Model store
nanite-rag-chroma.service  loaded failed   failed    Chroma
nanite-rag-chroma.socket   loaded failed   failed    Chroma
nanite-gone.service        not-found inactive dead   nanite-gone.service
`;

it('shows the services that the gateway does not know of', () => {
  const units = [
    ...unitsOf(listing, 'machine'),
    ...unitsOf('nanite-rag.service loaded active running x\n', 'session'),
  ];
  expect(units.map(({ name }) => name)).not.toContain('nanite-gone.service');
  expect(serviceStates(units)).toEqual([
    { title: 'model store', unit: 'nanite-models', state: 'ready' },
    { title: 'your files', unit: 'nanite-rag', state: 'runs' },
    { title: 'Chroma, shared', unit: 'nanite-rag-chroma', state: 'failed' },
  ]);
  const text = statusText(status, now, process.stdout, { units });
  expect(text).toMatch(/model store +ready +starts when it is needed/);
  expect(text).toMatch(/Chroma, shared +failed +nanite-rag-chroma\.service/);
});

it('says which units have failed, how to see why, and how to start them again', () => {
  const text = statusText(status, now, process.stdout, { units: unitsOf(listing, 'machine') });
  expect(text).toContain(
    `Needs attention
  Ollama holds port 11434
    it is asked through us
  nanite-rag-chroma.service and nanite-rag-chroma.socket have failed
    see why: journalctl -b -u nanite-rag-chroma.service
    then:    sudo systemctl reset-failed nanite-rag-chroma.service nanite-rag-chroma.socket
             sudo systemctl start nanite-rag-chroma.socket
`,
  );
  expect(failedUnits(unitsOf('nanite-rag.service loaded failed failed x', 'session'))).toEqual([
    {
      message: 'nanite-rag.service has failed',
      hint: expect.stringContaining('journalctl --user -b -u nanite-rag.service') as string,
    },
  ]);
  expect(failedUnits(unitsOf('nanite-models.socket loaded active listening x', 'machine'))).toEqual([]);
});
