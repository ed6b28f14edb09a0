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
 *   POST   /v1/plan           WorkerRequest → WorkerPlan  what starting it would choose and need; starts nothing
 *   GET    /v1/status         → EngineStatus
 *
 * A worker that runs with a smaller context or other explicit options than the request names is started again.
 * Errors are ApiError: `model-not-found` 404, `model-refused` 422 (truncated, hostile or unsupported files),
 * `no-memory` 503 (does not fit now: stop a worker, ask again), `model-too-large` 507 (never fits this machine),
 * `worker-died` 502, `worker-timeout` 504, `backend-missing` 501 (its package is not installed).
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
  /** Layers on the GPU; null: as many as its free memory holds when the worker starts. */
  gpuLayers: z.number().int().nonnegative().nullable(),
  /** Peak memory expected: weights, KV cache and buffers. */
  memoryBytes: Bytes,
  vramBytes: Bytes,
  /**
   * Where the kernel ends it (MemoryMax): the peak with headroom for what an estimate cannot know (the allocator, grammars,
   * images). Null in what an older engine planned.
   */
  limitBytes: Bytes.nullable().default(null),
  /** Why these were chosen, one sentence each. */
  reasons: z.array(z.string()),
});

export const Worker = z.object({
  id: ModelId,
  state: z.enum(['starting', 'ready', 'stopping', 'failed']),
  /** Path of the worker's unix socket; it speaks llama-server's HTTP API. */
  socket: z.string(),
  pid: z.number().int().positive().nullable(),
  /** Memory that its process holds now, mapped weights included; null where unknown. */
  residentBytes: Bytes.nullable().default(null),
  startedAt: z.iso.datetime(),
  plan: WorkerPlan,
});

/** A worker that ended by itself. */
export const WorkerFault = z.object({
  model: ModelId,
  at: z.iso.datetime(),
  /** The code of the error that a caller saw, such as `worker-died`. */
  code: z.string(),
  message: z.string(),
  /** Signal or exit status as systemd names it: `ILL`, `KILL`, `1`. */
  status: z.string().nullable(),
});

export const ModelEntry = z.object({
  manifest: ModelManifest,
  /** Folder of the manifest. */
  path: z.string(),
  sizeBytes: Bytes,
  /** Memory the default plan needs; null where no plan fits this machine. */
  memoryBytes: Bytes.nullable(),
  /** Of an answer on the idle machine, as it was measured once; null where it was not, or not yet. */
  tokensPerSecond: z.number().positive().nullable().default(null),
  /** False where it cannot run here; `why` says the reason. */
  runnable: z.boolean(),
  why: z.string().nullable(),
  /** Code of that reason, such as `backend-missing` or `model-too-large`, and its HTTP status. */
  whyCode: z.string().nullable().default(null),
  whyStatus: z.number().int().nullable().default(null),
  /** A version that is not current yet, under the name of stagedName(): lists leave it out, who names it can ask it. */
  staged: z.boolean().default(false),
});

export const ModelList = z.object({ models: z.array(ModelEntry) });
export const WorkerList = z.object({ workers: z.array(Worker) });
export const EngineStatus = z.object({
  launcher: z.enum(['systemd', 'bubblewrap']),
  cpus: z.number().positive(),
  memoryBudgetBytes: Bytes,
  /** What the plans of the workers that run have taken of it. */
  memoryUsedBytes: Bytes.default(0),
  backends: z.array(z.string()),
  /** Version of llama.cpp that is installed, such as `b9999`; null where there is none. */
  llamaVersion: z.string().nullable().default(null),
  workers: z.array(Worker),
  /** The last workers that ended by a fault, newest first: why, and what was changed because of it. */
  faults: z.array(WorkerFault).default([]),
});

/**
 * Embeddings of a worker: POST /v1/embeddings on its socket, the same for llama-server and the ONNX worker.
 * Input as texts, or as token ids (POST /tokenize `{content, add_special}` → `{tokens}`).
 */
export const WorkerEmbeddingsRequest = z.object({
  input: z.union([
    z.string(),
    z.array(z.string()).min(1),
    z.array(z.number().int()).min(1),
    z.array(z.array(z.number().int()).min(1)).min(1),
  ]),
  /** Cut an input that is longer than the model's context instead of refusing it; the ONNX worker only. */
  truncate: z.boolean().optional(),
  encoding_format: z.enum(['float', 'base64']).optional(),
  model: z.string().optional(),
});

export const WorkerEmbeddings = z.object({
  object: z.literal('list'),
  model: z.string(),
  data: z.array(
    z.object({ object: z.literal('embedding'), index: z.number().int(), embedding: z.array(z.number()) }),
  ),
  usage: z.object({ prompt_tokens: z.number().int(), total_tokens: z.number().int() }),
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
export type ModelList = z.infer<typeof ModelList>;
export type WorkerList = z.infer<typeof WorkerList>;
export type WorkerFault = z.infer<typeof WorkerFault>;
export type WorkerEmbeddingsRequest = z.infer<typeof WorkerEmbeddingsRequest>;
export type WorkerEmbeddings = z.infer<typeof WorkerEmbeddings>;
export type EngineStatus = z.infer<typeof EngineStatus>;
export type ApiError = z.infer<typeof ApiError>;
