import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus as osCpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Worker,
  type EngineSettings,
  type EngineStatus,
  type HardwareReport,
  type ModelEntry,
  type WorkerFault,
  type WorkerPlan,
  type WorkerRequest,
} from '@nanite/contracts';
import { describeError, NaniteError, type Log } from '@nanite/kit';
import { backendLibraries, workerEnvironment, type Programs } from '../launch/environment';
import type { Ending, Launcher, Running } from '../launch/launcher';
import { cpuLimits, mostThreads, type CpuLimits } from '../limits/cpus';
import type { ReadFile } from '../limits/files';
import { availableMemory } from '../limits/load';
import { findModel, installedModels, sizeOf, type InstalledModel } from '../models/catalogue';
import { verifyModel } from '../models/verify';
import { chooseBackend, type BackendChoice } from '@nanite/planning';
import { memoryLimit, planWorker, serves, type MeasuredThreads } from '../planning/plan';
import { faultError } from './fault';
import { isReady } from './health';
import { tailOf } from './job';
import type { KnowledgeFile } from './knowledge';
import type { LlamaProgram } from './llama';
import { Needs } from './needs';
import { nextLower } from './variants';

export interface EngineOptions {
  launcher: Launcher;
  settings: EngineSettings;
  /** Folders that hold model folders, the most preferred first. */
  modelRoots: readonly string[];
  /** The hardware report, read again each time: it changes when hardware does. */
  hardware: () => HardwareReport | null;
  knowledge: KnowledgeFile;
  programs: Programs;
  llama: LlamaProgram;
  /** Folder for the records of running workers, by which a later engine finds them again. */
  recordFolder: string;
  read: ReadFile;
  log: Log;
  /** Told of a worker that is ready. */
  onReady?: (ready: ReadyWorker) => void;
}

/** A worker that just became ready, and what measuring its threads takes. */
export interface ReadyWorker {
  model: InstalledModel;
  plan: WorkerPlan;
  running: Running;
  cpu: CpuLimits;
  /** Where the measurement is remembered. */
  key: string;
  skippedVariants: readonly string[];
}

interface Entry {
  worker: Worker;
  running: Running;
  gpu: boolean;
}

interface Machine {
  cpu: CpuLimits;
  memoryLimit: number | null;
}

/** Milliseconds for which limits are taken as unchanged. */
const machineLasts = 2_000;

/** Faults remembered for the status. */
const faultsKept = 20;

/** Share of the memory that is available now which a new worker may take. */
const availableShare = 0.95;

/** Knows the models, decides plans, and keeps one worker per model. */
export class Engine {
  private readonly entries = new Map<string, Entry>();
  /** Starts and stops of one model, one after the other. */
  private readonly turns = new Map<string, Promise<unknown>>();
  /** Memory promised to workers whose process does not hold it yet. */
  private readonly promised = new Map<string, number>();
  private readonly faults: WorkerFault[] = [];
  private readonly needs: Needs;
  private seen: { at: number; machine: Machine } | null = null;

  constructor(private readonly options: EngineOptions) {
    this.needs = new Needs(options.launcher, options.knowledge, options.programs);
  }

  /** Whether nothing would be lost if the engine ended now. */
  get isIdle(): boolean {
    return this.entries.size === 0 && this.turns.size === 0;
  }

  installed(): InstalledModel[] {
    return installedModels(this.options.modelRoots, this.options.log);
  }

  async models(): Promise<ModelEntry[]> {
    const entries: ModelEntry[] = [];
    for (const model of this.installed()) {
      const { manifest, path, staged } = model;
      const entry = { manifest, path, staged, sizeBytes: sizeOf(model) };
      try {
        const plan = await this.planFor(model, {
          context: null,
          slots: null,
          threads: null,
          gpuLayers: null,
        });
        const measured = await this.measuredThreads(model);
        const tokensPerSecond = measured?.tokensPerSecond ?? null;
        entries.push({ ...entry, memoryBytes: plan.memoryBytes, tokensPerSecond, ...runs });
      } catch (error) {
        if (!(error instanceof NaniteError)) throw error;
        const { code: whyCode, status: whyStatus } = error;
        entries.push({
          ...entry,
          memoryBytes: null,
          tokensPerSecond: null,
          runnable: false,
          why: whyOf(error),
          whyCode,
          whyStatus,
        });
      }
    }
    return entries;
  }

  async plan(request: WorkerRequest): Promise<WorkerPlan> {
    return this.planFor(findModel(this.installed(), request.model), request.options);
  }

  workers(): Worker[] {
    return [...this.entries.values()].map(({ worker, running }) => ({
      ...worker,
      residentBytes: this.options.launcher.residentBytes(running),
    }));
  }

  async status(): Promise<EngineStatus> {
    const { cpu } = await this.machine();
    return {
      launcher: this.options.launcher.name,
      cpus: Math.min(cpu.allowed, cpu.quota ?? Infinity),
      memoryBudgetBytes: await this.memoryBudget(),
      memoryUsedBytes: this.memoryUsed(),
      backends: this.backends(),
      llamaVersion: await this.options.llama.version().catch(() => null),
      workers: this.workers(),
      faults: this.faults,
    };
  }

  /**
   * The worker of a model, ready to answer.
   *
   * @throws NaniteError `model-not-found`, `model-refused`, `model-too-large`, `no-memory`, `backend-missing`,
   *   `worker-died`, `worker-timeout`
   */
  start({ model: id, options }: WorkerRequest): Promise<Worker> {
    return this.inTurn(id, async () => {
      await this.sweep(id);
      const model = findModel(this.installed(), id);
      const existing = this.entries.get(id);
      if (existing && serves(existing.worker.plan, options, model.manifest.contextLength)) {
        return existing.worker;
      }
      if (existing) await this.end(existing);
      await verifyModel(model, this.options.settings.verify);
      return this.launch(model, options);
    });
  }

  stop(id: string): Promise<void> {
    return this.inTurn(id, async () => {
      const entry = this.entries.get(id);
      if (entry) await this.end(entry);
    });
  }

  /** End all workers that would not outlive the engine. */
  async close(): Promise<void> {
    if (this.options.launcher.name === 'bubblewrap') {
      await Promise.all([...this.entries.keys()].map((id) => this.stop(id)));
    }
  }

  /** Take over the workers that an engine before this one started and that still answer. */
  async adopt(): Promise<void> {
    const { recordFolder, launcher, log } = this.options;
    for (const file of existsSync(recordFolder) ? readdirSync(recordFolder) : []) {
      if (!file.endsWith('.json')) continue;
      const path = join(recordFolder, file);
      try {
        const { worker, gpu } = JSON.parse(readFileSync(path, 'utf8')) as { worker: unknown; gpu: boolean };
        const known = Worker.parse(worker);
        const running = await launcher.find(known.id, gpu);
        if (running && (await isReady(known.socket))) {
          this.entries.set(known.id, { worker: known, running, gpu });
          log.info('found a worker running', { model: known.id });
          continue;
        }
        if (running) await launcher.stop(known.id, gpu);
        const ending = await launcher.ending(known.id, gpu);
        if (ending) await this.learn(known.plan, ending, this.logOf(known.id), true);
        rmSync(path, { force: true });
      } catch (error) {
        log.warning(`no usable record in ${path}`, { cause: describeError(error) });
        rmSync(path, { force: true });
      }
    }
  }

  /** Notice workers that are gone. */
  async sweep(only?: string): Promise<void> {
    for (const entry of [...this.entries.values()]) {
      const { id, plan } = entry.worker;
      if ((only !== undefined && id !== only) || this.options.launcher.alive(entry.running)) continue;
      // Whoever waits its turn for this model may have replaced it already.
      if (this.entries.get(id) !== entry) continue;
      this.forget(id);
      const ending = await this.options.launcher.ending(id, entry.gpu);
      if (ending) await this.learn(plan, ending, this.logOf(id), true);
    }
  }

  private async launch(model: InstalledModel, options: WorkerRequest['options']): Promise<Worker> {
    const { launcher, settings, programs, log } = this.options;
    const id = model.manifest.id;
    let withoutGpu: string | null = null;
    for (;;) {
      const plan = await this.planFor(model, options, withoutGpu);
      await this.reserve(plan);
      try {
        const gpu = plan.backend !== 'cpu';
        const folder = launcher.folder(id);
        const startedAt = new Date();
        const running = await launcher.start({
          instance: id,
          environment: workerEnvironment(model, plan, settings, folder, programs, this.skipped(id)),
          modelPath: model.path,
          memoryMax: memoryLimit(plan),
          gpu,
        });
        const worker: Worker = {
          id,
          state: 'ready',
          socket: join(folder, 'worker.sock'),
          pid: running.pid,
          residentBytes: null,
          startedAt: startedAt.toISOString(),
          plan,
        };
        const ready = await this.untilReady(worker, running);
        if (ready === 'ready') {
          this.entries.set(id, { worker, running, gpu });
          this.record(worker, gpu);
          log.info('a model is ready', { model: id, milliseconds: Date.now() - startedAt.getTime() });
          this.options.onReady?.({ model, plan, running, ...(await this.measurable(model)) });
          return worker;
        }
        if (ready === 'timeout') {
          await launcher.stop(id, gpu);
          throw new NaniteError(
            'worker-timeout',
            `${model.manifest.name} took longer than ${settings.startTimeout} s to load`,
            {
              status: 504,
              hint: 'raise engine.startTimeout, or choose a smaller model',
            },
          );
        }
        const said = this.logOf(id);
        const ending = (await launcher.ending(id, gpu)) ?? { kind: 'other', status: 'unknown' };
        if (await this.learn(plan, ending, said, false)) continue;
        const error = faultError(model.manifest.name, ending, said, false);
        if (!gpu) throw error;
        withoutGpu = `Runs on the CPU: ${plan.backend} failed (${error.message}).`;
        log.warning('a GPU backend failed; trying the CPU', { model: id, cause: error.message });
      } finally {
        this.promised.delete(id);
      }
    }
  }

  private async untilReady(worker: Worker, running: Running): Promise<'ready' | 'gone' | 'timeout'> {
    const until = Date.now() + this.options.settings.startTimeout * 1000;
    for (let pause = 5; Date.now() < until; pause = Math.min(50, pause + 5)) {
      if (!this.options.launcher.alive(running)) return 'gone';
      if (await isReady(worker.socket)) return 'ready';
      await sleep(pause);
    }
    return 'timeout';
  }

  /**
   * Remember how a worker ended.
   *
   * @returns true where another start would be another: a lower CPU variant is used from now on
   */
  private async learn(plan: WorkerPlan, ending: Ending, said: string, ready: boolean): Promise<boolean> {
    const { knowledge, llama, log } = this.options;
    if (ending.kind === 'success') return false;
    const error = faultError(plan.model, ending, said, ready);
    this.faults.unshift({
      model: plan.model,
      at: new Date().toISOString(),
      code: error.code,
      message: error.message,
      status: ending.status,
    });
    this.faults.length = Math.min(this.faults.length, faultsKept);
    log.warning('a worker ended', { model: plan.model, status: ending.status, cause: error.message });
    if (ending.kind !== 'signal' || ending.status !== 'ILL' || plan.runtime !== 'llama') return false;

    const skipped = this.skipped(plan.model);
    const failed = plan.cpuVariant ?? (await llama.variant(skipped));
    const lower = failed === null ? null : nextLower(llama.variants(), failed);
    if (!lower) return false;
    knowledge.known.variants[plan.model] = {
      variant: lower.variant,
      llama: await llama.version(),
      failed: lower.skipped,
    };
    knowledge.save();
    this.faults[0]!.message += `; ${lower.variant} instead of ${failed} from now on`;
    log.warning('an illegal instruction: using a lower CPU variant', {
      model: plan.model,
      variant: lower.variant,
    });
    return true;
  }

  private skipped(id: string): readonly string[] {
    return this.options.knowledge.known.variants[id]?.failed ?? [];
  }

  /** @throws NaniteError `no-memory` where the plan does not fit beside what runs */
  private async reserve(plan: WorkerPlan): Promise<void> {
    const free = (await this.memoryBudget()) - this.memoryUsed();
    const available = availableMemory(this.options.read);
    const least = Math.min(free, available === null ? Infinity : available * availableShare);
    if (plan.memoryBytes > least) {
      const mib = (bytes: number) => `${Math.max(0, Math.round(bytes / 2 ** 20))} MiB`;
      throw new NaniteError(
        'no-memory',
        `${plan.model} needs ${mib(plan.memoryBytes)} and ${mib(least)} are free for models now`,
        { status: 503, hint: 'stop another model, or ask for a smaller context' },
      );
    }
    this.promised.set(plan.model, plan.memoryBytes);
  }

  private memoryUsed(): number {
    let used = 0;
    for (const { worker } of this.entries.values()) used += worker.plan.memoryBytes;
    for (const bytes of this.promised.values()) used += bytes;
    return used;
  }

  private async memoryBudget(): Promise<number> {
    const { settings, hardware } = this.options;
    const { memoryLimit: limit } = await this.machine();
    const wish = settings.memoryBytes ?? hardware()?.memory.modelBudgetBytes ?? Math.floor(totalmem() * 0.6);
    return Math.min(wish, limit ?? Infinity);
  }

  /** Limits of the machine and of the cgroups that workers run in; an administrator may change them at any time. */
  private async machine(): Promise<Machine> {
    const now = Date.now();
    if (!this.seen || now - this.seen.at > machineLasts) {
      const limits = await this.options.launcher.limits();
      const cpu = cpuLimits(this.options.read, limits, osCpus().length);
      this.seen = { at: now, machine: { cpu, memoryLimit: limits.memoryBytes } };
    }
    return this.seen.machine;
  }

  private backends(): string[] {
    const { llama } = this.options;
    const gpus = Object.entries(backendLibraries).flatMap(([name, library]) =>
      llama.libraries().includes(library) ? [name] : [],
    );
    return ['cpu', ...gpus];
  }

  private async planFor(
    model: InstalledModel,
    options: WorkerRequest['options'],
    withoutGpu: string | null = null,
  ): Promise<WorkerPlan> {
    const { settings, knowledge, llama, programs } = this.options;
    const { manifest } = model;
    if (manifest.format === 'gguf' && !llama.installed()) throw missing('llama.cpp', 'nanite-llama');
    if (manifest.format === 'onnx' && !existsSync(join(programs.engine, '../onnxruntime/node_modules'))) {
      throw missing('onnxruntime', 'nanite-onnxruntime');
    }
    const backend = this.backendFor(manifest.format, withoutGpu);
    const version = manifest.format === 'gguf' ? await llama.version() : '';
    const need = await this.needs.of(model, settings.cache, version);
    const { cpu } = await this.machine();
    const variant = knowledge.known.variants[manifest.id];
    return planWorker({
      manifest,
      options,
      settings,
      cpu,
      memoryBudget: await this.memoryBudget(),
      backend,
      need,
      cpuVariant: manifest.format === 'gguf' && variant?.llama === version ? variant.variant : null,
      measured: await this.measuredThreads(model),
    });
  }

  private async measuredThreads(model: InstalledModel): Promise<MeasuredThreads | null> {
    const { key } = await this.measurable(model);
    return this.options.knowledge.known.threads[key] ?? null;
  }

  /** What measured threads hold for: these weights on this processor, with this many CPUs and this llama.cpp. */
  private threadsKey(model: InstalledModel, version: string, cpu: CpuLimits): string {
    const weights = model.manifest.files.find((file) => file.role === 'weights');
    const processor = osCpus()[0]?.model.trim() ?? 'unknown';
    return `${weights?.sha256 ?? model.manifest.id} ${processor} ${cpu.allowed}/${mostThreads(cpu)} ${version}`;
  }

  private async measurable(
    model: InstalledModel,
  ): Promise<Pick<ReadyWorker, 'cpu' | 'key' | 'skippedVariants'>> {
    const { cpu } = await this.machine();
    const version = model.manifest.format === 'gguf' ? await this.options.llama.version() : '';
    return {
      cpu,
      key: this.threadsKey(model, version, cpu),
      skippedVariants: this.skipped(model.manifest.id),
    };
  }

  private backendFor(format: 'gguf' | 'onnx', withoutGpu: string | null): BackendChoice {
    const { settings, hardware } = this.options;
    if (format === 'onnx') return { backend: 'cpu', vramBytes: 0, reason: 'ONNX models run on the CPU.' };
    if (withoutGpu !== null) return { backend: 'cpu', vramBytes: 0, reason: withoutGpu };
    const choice = chooseBackend(settings.backend, hardware(), this.backends());
    if (choice) return choice;
    throw new NaniteError('backend-missing', `no GPU of this machine works with ${settings.backend}`, {
      status: 501,
      hint: 'see nanite gpu, or set engine.backend to auto',
    });
  }

  private async end(entry: Entry): Promise<void> {
    const { id } = entry.worker;
    entry.worker = { ...entry.worker, state: 'stopping' };
    await this.options.launcher.stop(id, entry.gpu);
    this.forget(id);
  }

  private forget(id: string): void {
    this.entries.delete(id);
    rmSync(join(this.options.recordFolder, `${id}.json`), { force: true });
  }

  private record(worker: Worker, gpu: boolean): void {
    mkdirSync(this.options.recordFolder, { recursive: true });
    writeFileSync(join(this.options.recordFolder, `${worker.id}.json`), JSON.stringify({ worker, gpu }));
  }

  private logOf(id: string): string {
    return tailOf(join(this.options.launcher.folder(id), 'log'));
  }

  private inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = this.turns.get(id) ?? Promise.resolve();
    const turn = before.catch(() => undefined).then(work);
    const settled = turn
      .catch(() => undefined)
      .then(() => {
        if (this.turns.get(id) === settled) this.turns.delete(id);
      });
    this.turns.set(id, settled);
    return turn;
  }
}

/** The reason and the way out in one line: all that the gateway shows of it. */
const runs = { runnable: true, why: null, whyCode: null, whyStatus: null } as const;

const whyOf = ({ message, hint }: NaniteError): string => (hint === null ? message : `${message} (${hint})`);

function missing(what: string, deb: string): NaniteError {
  return new NaniteError('backend-missing', `${what} is not installed`, {
    status: 501,
    hint: `install ${deb}`,
  });
}
