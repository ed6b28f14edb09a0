/**
 * An engine with one model, whose worker is the fake one: the API of packages/contracts, so the gateway runs unchanged.
 *
 *   engine.ts SOCKET WORKER_SOCKET WORKER_PID
 */
import { createServer } from 'node:http';
import {
  EngineStatus,
  ModelList,
  Worker,
  WorkerList,
  WorkerPlan,
  type ModelManifest,
} from '@nanite/contracts';
import type { z } from 'zod';

const [socketPath = '', workerSocket = '', workerPid = '1'] = process.argv.slice(2);
const now = new Date().toISOString();

const manifest: z.input<typeof ModelManifest> = {
  schema: 1,
  id: 'bench',
  name: 'bench:latest',
  aliases: ['bench'],
  description: 'A model of no weights',
  format: 'gguf',
  family: 'llama',
  parameterSize: '0',
  quantisation: 'F16',
  capabilities: ['chat', 'completion'],
  contextLength: 8192,
  licence: 'Apache-2.0',
  files: [{ role: 'weights', path: 'none', sha256: '0'.repeat(64), size: 1 }],
  source: 'tools/bench',
  modifiedAt: now,
};

const plan = WorkerPlan.parse({
  model: 'bench',
  runtime: 'llama',
  backend: 'cpu',
  cpuVariant: null,
  context: 8192,
  // What is measured is the gateway's work, not its queue.
  slots: 64,
  kvType: null,
  threads: 1,
  threadsBatch: 1,
  gpuLayers: 0,
  memoryBytes: 1024,
  vramBytes: 0,
  limitBytes: null,
  reasons: [],
});
const worker = Worker.parse({
  id: 'bench',
  state: 'ready',
  socket: workerSocket,
  pid: Number(workerPid),
  startedAt: now,
  plan,
});
let runs = false;
const workers = (): Worker[] => (runs ? [worker] : []);

const routes: Record<string, () => unknown> = {
  'GET /v1/models': () =>
    ModelList.parse({
      models: [{ manifest, path: '/nowhere', sizeBytes: 1, memoryBytes: 1024, runnable: true, why: null }],
    }),
  'GET /v1/workers': () => WorkerList.parse({ workers: workers() }),
  'POST /v1/workers': () => {
    runs = true;
    return worker;
  },
  'DELETE /v1/workers/bench': () => {
    runs = false;
    return undefined;
  },
  'POST /v1/plan': () => plan,
  'GET /v1/status': () =>
    EngineStatus.parse({
      launcher: 'bubblewrap',
      cpus: 2,
      memoryBudgetBytes: 2 ** 32,
      backends: ['cpu'],
      workers: workers(),
    }),
};

const server = createServer((request, response) => {
  request.resume().once('end', () => {
    const route = routes[`${request.method} ${request.url}`];
    if (route === undefined) {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          error: { code: 'not-found', message: `no ${request.method} ${request.url}`, hint: null },
        }),
      );
      return;
    }
    const value = route();
    if (value === undefined) response.writeHead(204).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  });
});
server.listen(socketPath, () => process.stdout.write('listening\n'));
