import { z } from 'zod';
import { Bytes, GpuBackend } from './hardware';
import { ModelId, ModelManifest } from './model';

/**
 * The engine's API on /run/nanite/engine.sock. Only the gateway talks to it.
 *
 *   GET    /v1/models         → ModelList            the models installed, each with what it needs
 *   GET    /v1/workers        → WorkerList           the workers running
 *   POST   /v1/workers        WorkerRequest → Worker  start one (or find it running); answers when it is ready
 *   DELETE /v1/workers/{id}   → 204                  stop one, free its memory
 *   GET    /v1/status         → EngineStatus
 */
export const WorkerOptions = z.object({
  /** Tokens of context per request; null: the default that fits. */
  context: z.number().int().positive().nullable().default(null),
  /** Requests served at once; null: chosen from memory. */
  slots: z.number().int().positive().nullable().default(null),
  /** Upper bound of threads; null: chosen from CPUs, quota and load. */
  threads: z.number().int().positive().nullable().default(null),
  /** Layers on the GPU; null: as many as fit; 0: none. */
  gpuLayers: z.number().int().nonnegative().nullable().default(null),
});

export const WorkerRequest = z.object({ model: ModelId, options: WorkerOptions.prefault({}) });

/** What was decided for a worker, and shown by `nanite status`. */
export const WorkerPlan = z.object({
  model: ModelId,
  runtime: z.enum(['llama', 'onnx']),
  backend: z.union([z.literal('cpu'), GpuBackend]),
  /** File name of ggml's CPU backend when a lower one than the best is forced; null: llama.cpp's choice. */
  cpuVariant: z.string().nullable(),
  context: z.number().int().positive(),
  slots: z.number().int().positive(),
  kvType: z.string().nullable(),
  /** Upper bounds of threads for generation and for prompts; the worker uses fewer while the machine is busy. */
  threads: z.number().int().positive(),
  threadsBatch: z.number().int().positive(),
  gpuLayers: z.number().int().nonnegative(),
  /** Peak memory expected: weights, KV cache and buffers. */
  memoryBytes: Bytes,
  vramBytes: Bytes,
  /** Why these were chosen, one sentence each. */
  reasons: z.array(z.string()),
});

export const Worker = z.object({
  id: ModelId,
  state: z.enum(['starting', 'ready', 'stopping', 'failed']),
  /** Path of the worker's unix socket; it speaks llama-server's HTTP API. */
  socket: z.string(),
  pid: z.number().int().positive().nullable(),
  startedAt: z.iso.datetime(),
  plan: WorkerPlan,
});

export const ModelEntry = z.object({
  manifest: ModelManifest,
  /** Folder of the manifest. */
  path: z.string(),
  sizeBytes: Bytes,
  /** Memory the default plan needs; null where no plan fits this machine. */
  memoryBytes: Bytes.nullable(),
  /** False where it cannot run here; `why` says the reason. */
  runnable: z.boolean(),
  why: z.string().nullable(),
});

export const ModelList = z.object({ models: z.array(ModelEntry) });
export const WorkerList = z.object({ workers: z.array(Worker) });
export const EngineStatus = z.object({
  launcher: z.enum(['systemd', 'bubblewrap']),
  cpus: z.number().positive(),
  memoryBudgetBytes: Bytes,
  backends: z.array(z.string()),
  workers: z.array(Worker),
});

/** Body of every error of the engine and of our own (not Ollama's, OpenAI's or Anthropic's) endpoints. */
export const ApiError = z.object({
  error: z.object({
    /** Stable, such as `model-not-found`, `no-memory`, `model-refused`, `worker-died`. */
    code: z.string(),
    message: z.string(),
    /** What the reader can do about it. */
    hint: z.string().nullable().default(null),
  }),
});

export type WorkerOptions = z.infer<typeof WorkerOptions>;
export type WorkerRequest = z.infer<typeof WorkerRequest>;
export type WorkerPlan = z.infer<typeof WorkerPlan>;
export type Worker = z.infer<typeof Worker>;
export type ModelEntry = z.infer<typeof ModelEntry>;
export type EngineStatus = z.infer<typeof EngineStatus>;
export type ApiError = z.infer<typeof ApiError>;
