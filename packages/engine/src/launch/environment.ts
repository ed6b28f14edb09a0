import type { EngineSettings, WorkerPlan } from '@nanite/contracts';
import { checkpoints, llamaUse, useEnvironment } from '@nanite/planning';
import { fileOf, type InstalledModel } from '../models/catalogue';

/** Where the programs of a worker lie. */
export interface Programs {
  /** Folder of llama-server and its backends. */
  llama: string;
  /** Folder of the engine's own bundle. */
  engine: string;
}

/** llama.cpp's names of GPU backends, by ours. */
export const backendLibraries = { cuda: 'cuda', rocm: 'hip', vulkan: 'vulkan' } as const;

/**
 * Environment of a model's worker.
 *
 * llama-server reads most options from the environment, so none of a model's strings passes a shell.
 */
export function workerEnvironment(
  model: InstalledModel,
  plan: WorkerPlan,
  settings: EngineSettings,
  folder: string,
  programs: Programs,
  skippedVariants: readonly string[],
): Record<string, string> {
  return plan.runtime === 'onnx'
    ? onnxEnvironment(model, plan, settings, folder, programs)
    : llamaEnvironment(model, plan, settings, folder, programs, skippedVariants);
}

function llamaEnvironment(
  model: InstalledModel,
  plan: WorkerPlan,
  settings: EngineSettings,
  folder: string,
  programs: Programs,
  skippedVariants: readonly string[],
): Record<string, string> {
  const { manifest } = model;
  const onCpu = plan.backend === 'cpu';
  const use = llamaUse(manifest.capabilities);
  const environment: Record<string, string> = {
    ...jobEnvironment('llama', folder, programs),
    ...modelEnvironment(model, skippedVariants, onCpu),
    NANITE_THREADS_BATCH: String(plan.threadsBatch),
    LLAMA_ARG_HOST: `${folder}/worker.sock`,
    LLAMA_ARG_ALIAS: manifest.name,
    // Each slot has its own part of the cache: `context` tokens are there for every request, whatever the others do.
    LLAMA_ARG_CTX_SIZE: String(plan.context * plan.slots),
    LLAMA_ARG_N_PARALLEL: String(plan.slots),
    LLAMA_ARG_KV_UNIFIED: 'false',
    LLAMA_ARG_CACHE_TYPE_K: plan.kvType ?? 'f16',
    LLAMA_ARG_CACHE_TYPE_V: plan.kvType ?? 'f16',
    LLAMA_ARG_THREADS: String(plan.threads),
    LLAMA_ARG_THREADS_ADAPTIVE: String(settings.whenBusy === 'yield'),
    // Threads are chosen anew between batches: with smaller ones within a long prompt too.
    LLAMA_ARG_BATCH: '512',
    // Tokens that come faster travel together: sending each by itself takes the CPU from the computing, and nobody reads
    // in steps of 33 ms. The first token waits for nothing.
    LLAMA_ARG_STREAM_INTERVAL: '33',
    // Threads wait for each other about 200 times a token: awake while that takes microseconds, asleep when one of them
    // queues for a CPU behind another program. libgomp's default (300,000) spins away the time slice in which it could run.
    GOMP_SPINCOUNT: '100000',
    // Repacked weights and the cache in huge pages: each token reads all of them (docs/decisions/0014).
    GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
    // Enough for every slot, the health check and requests that wait; each costs a stack.
    LLAMA_ARG_THREADS_HTTP: String(plan.slots + 4),
    // A prompt that does not fit is an error that says so; nothing is cut away in silence.
    // A request says whether it wants it (context_shift): Ollama's API does, the others end where the context is full.
    LLAMA_ARG_CONTEXT_SHIFT: 'true',
    LLAMA_ARG_JINJA: 'true',
    LLAMA_ARG_CONT_BATCHING: 'true',
    LLAMA_ARG_CACHE_PROMPT: 'true',
    LLAMA_ARG_CACHE_REUSE: '256',
    // Prompts of ended requests live on in their slot. A second store (8 GiB by default) would break the estimate.
    LLAMA_ARG_CACHE_RAM: '0',
    LLAMA_ARG_CTX_CHECKPOINTS: String(checkpoints),
    LLAMA_ARG_ENDPOINT_SLOTS: 'true',
    LLAMA_ARG_ENDPOINT_METRICS: 'true',
    LLAMA_ARG_ENDPOINT_PROPS: 'false',
    LLAMA_ARG_UI: 'false',
    LLAMA_ARG_CORS_ORIGINS: 'localhost',
    LLAMA_ARG_OFFLINE: 'true',
    // Warnings and errors: the log lies in memory.
    LLAMA_ARG_LOG_VERBOSITY: '2',
  };
  // Read, not mapped: what is repacked would else be there twice, and what is not lies in huge pages so (docs/decisions/0123).
  if (onCpu) environment['LLAMA_ARG_LOAD_MODE'] = 'none';
  if (!onCpu && plan.gpuLayers !== null) environment['LLAMA_ARG_N_GPU_LAYERS'] = String(plan.gpuLayers);
  // On a GPU llama.cpp sees how much of its memory is free now, and moves as many layers as fit.
  environment['LLAMA_ARG_FIT'] = onCpu || plan.gpuLayers !== null ? 'off' : 'on';
  Object.assign(environment, useEnvironment(use, plan.context));
  if (use === 'embed' && manifest.pooling) environment['LLAMA_ARG_POOLING'] = manifest.pooling;
  const template = fileOf(model, 'template');
  if (template) environment['LLAMA_ARG_CHAT_TEMPLATE_FILE'] = template;
  const projector = fileOf(model, 'projector');
  if (projector) environment['LLAMA_ARG_MMPROJ'] = projector;
  const adapter = fileOf(model, 'adapter');
  if (adapter) environment['NANITE_ADAPTER'] = adapter;
  return environment;
}

function onnxEnvironment(
  model: InstalledModel,
  plan: WorkerPlan,
  settings: EngineSettings,
  folder: string,
  programs: Programs,
): Record<string, string> {
  return {
    ...jobEnvironment('onnx', folder, programs),
    NANITE_MODEL: model.path,
    NANITE_SOCKET: `${folder}/worker.sock`,
    NANITE_CONTEXT: String(plan.context),
    NANITE_THREADS: String(plan.threads),
    NANITE_SPIN: String(settings.whenBusy === 'insist'),
    // Should a build that sends usage data ever be installed: it does not (docs/decisions/0043).
    ORT_DISABLE_TELEMETRY: '1',
  };
}

/** Environment of the job that asks llama.cpp how much memory a model needs at two contexts. */
export function fitEnvironment(
  model: InstalledModel,
  contexts: readonly [number, number],
  kvType: string,
  folder: string,
  programs: Programs,
): Record<string, string> {
  const use = llamaUse(model.manifest.capabilities);
  const projector = fileOf(model, 'projector');
  return {
    ...jobEnvironment('fit', folder, programs),
    ...modelEnvironment(model, [], true),
    ...useEnvironment(use, null),
    NANITE_WHOLE: use === 'generate' ? '' : '1',
    NANITE_CONTEXTS: contexts.join(' '),
    ...(projector && { LLAMA_ARG_MMPROJ: projector }),
    LLAMA_ARG_N_PARALLEL: '1',
    LLAMA_ARG_CACHE_TYPE_K: kvType,
    LLAMA_ARG_CACHE_TYPE_V: kvType,
    LLAMA_ARG_LOG_VERBOSITY: '1',
  };
}

/** Environment of the job that measures numbers of threads. */
export function benchEnvironment(
  model: InstalledModel,
  threads: readonly number[],
  folder: string,
  programs: Programs,
  skippedVariants: readonly string[],
): Record<string, string> {
  return {
    ...jobEnvironment('bench', folder, programs),
    ...modelEnvironment(model, skippedVariants, true),
    NANITE_THREADS: threads.join(','),
    NANITE_PROMPT: '64',
    NANITE_GENERATE: '16',
  };
}

function jobEnvironment(job: string, folder: string, programs: Programs): Record<string, string> {
  return {
    NANITE_JOB: job,
    NANITE_FOLDER: folder,
    NANITE_LLAMA: programs.llama,
    NANITE_ENGINE: programs.engine,
    HOME: folder,
  };
}

function modelEnvironment(
  model: InstalledModel,
  skippedVariants: readonly string[],
  onCpu: boolean,
): Record<string, string> {
  // Without a GPU in the plan no GPU library is even opened: that costs memory and start time.
  const skipped = [...skippedVariants, ...(onCpu ? Object.values(backendLibraries) : [])];
  return {
    LLAMA_ARG_MODEL: fileOf(model, 'weights') ?? model.path,
    ...(skipped.length > 0 && { GGML_SKIP_BACKENDS: skipped.join(',') }),
  };
}

/**
 * An environment as systemd.exec(5) reads it from EnvironmentFile=: every value in double quotes, with `\`, `"`, `` ` ``
 * and `$` escaped.
 *
 * @throws RangeError for a name or a value that cannot be written so
 */
export function environmentFile(environment: Record<string, string>): string {
  return Object.entries(environment)
    .map(([name, value]) => {
      if (!/^[A-Z][A-Z0-9_]*$/.test(name)) throw new RangeError(`not a valid name of a variable: ${name}`);
      if (/[\n\r\0]/.test(value)) throw new RangeError(`${name} holds a line break`);
      return `${name}="${value.replaceAll(/[\\"`$]/g, '\\$&')}"\n`;
    })
    .join('');
}
