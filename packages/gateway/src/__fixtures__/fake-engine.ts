import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiFailure, ModelManifest, type ModelEntry, type Worker, type WorkerRequest } from '@nanite/contracts';
import type { EngineStatus } from '@nanite/contracts';
import type { Engine } from '../memory/types';
import { startFakeWorker, type FakeWorker } from './fake-worker';

type Given = Partial<ModelManifest> & { memoryBytes?: number; tokensPerSecond?: number | null };

export function fakeEntry(id: string, { memoryBytes = 100, tokensPerSecond = null, ...given }: Given = {}): ModelEntry {
  return {
    manifest: ModelManifest.parse({
      schema: 1,
      id,
      name: `${id}:1b`,
      aliases: [`${id}:latest`],
      description: 'a model that is not one',
      format: 'gguf',
      family: 'llama',
      parameterSize: '134.5M',
      quantisation: 'Q4_1',
      capabilities: ['completion', 'chat'],
      contextLength: 8192,
      licence: 'Apache-2.0',
      files: [{ role: 'weights', path: 'model.gguf', sha256: 'a'.repeat(64), size: 1000 }],
      source: 'nowhere',
      modifiedAt: '2026-11-23T00:00:00.000Z',
      ...given,
    }),
    path: `/nowhere/${id}`,
    sizeBytes: 1000,
    memoryBytes,
    tokensPerSecond,
    runnable: true,
    why: null,
    whyCode: null,
    whyStatus: null,
    staged: false,
  };
}

/** An engine whose workers are servers in this process. */
export class FakeEngine implements Engine {
  readonly folder = mkdtempSync(join(tmpdir(), 'nanite-gateway-'));
  readonly running = new Map<string, Worker>();
  readonly fakes = new Map<string, FakeWorker>();
  readonly started: WorkerRequest[] = [];
  readonly stopped: string[] = [];
  budget = 250;
  slots = 2;
  context = 4096;
  /** Milliseconds that a start takes. */
  delay = 0;
  /** Thrown by the next start. */
  failNext: ApiFailure | null = null;
  /** False: workers are only written down, nothing listens. */
  real = true;

  constructor(readonly entries: ModelEntry[]) {}

  models() {
    return Promise.resolve({ models: [...this.entries] });
  }

  workers() {
    return Promise.resolve({ workers: [...this.running.values()] });
  }

  status(): Promise<EngineStatus> {
    return Promise.resolve({
      launcher: 'systemd',
      cpus: 2,
      memoryBudgetBytes: this.budget,
      memoryUsedBytes: 0,
      backends: ['cpu'],
      llamaVersion: 'b1',
      workers: [...this.running.values()],
      faults: [],
    });
  }

  async start(request: WorkerRequest): Promise<Worker> {
    this.started.push(request);
    if (this.delay > 0) await new Promise((resolve) => setTimeout(resolve, this.delay));
    if (this.failNext !== null) {
      const error = this.failNext;
      this.failNext = null;
      throw error;
    }
    const entry = this.entries.find(({ manifest }) => manifest.id === request.model);
    if (entry === undefined) throw new ApiFailure(404, 'model-not-found', 'no such model');
    const known = this.running.get(request.model);
    if (known !== undefined) return known;
    const socket = join(this.folder, `${request.model}-${this.started.length}.sock`);
    const context = request.options.context ?? this.context;
    if (this.real) this.fakes.set(request.model, await startFakeWorker(socket, entry.manifest.name, context));
    const worker: Worker = {
      id: request.model,
      state: 'ready',
      socket,
      pid: process.pid,
      residentBytes: null,
      startedAt: new Date(Date.now() + this.started.length).toISOString(),
      plan: {
        model: request.model,
        runtime: entry.manifest.format === 'onnx' ? 'onnx' : 'llama',
        backend: 'cpu',
        cpuVariant: null,
        context,
        slots: this.slots,
        kvType: null,
        threads: 2,
        threadsBatch: 2,
        gpuLayers: 0,
        memoryBytes: entry.memoryBytes ?? 0,
        vramBytes: 0,
        limitBytes: null,
        reasons: [],
      },
    };
    this.running.set(request.model, worker);
    return worker;
  }

  stop(id: string): Promise<void> {
    this.stopped.push(id);
    this.running.delete(id);
    this.fakes.get(id)?.kill();
    this.fakes.delete(id);
    return Promise.resolve();
  }

  /** The worker dies, and the engine notices. */
  crash(id: string): void {
    this.fakes.get(id)?.kill();
    this.fakes.delete(id);
    this.running.delete(id);
  }

  close(): void {
    for (const id of [...this.running.keys()]) this.crash(id);
  }
}
