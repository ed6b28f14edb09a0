import { describeError, type Log } from '@nanite/kit';
import { benchEnvironment, type Programs } from '../launch/environment';
import type { Launcher } from '../launch/launcher';
import type { ReadFile } from '../limits/files';
import { mostThreads } from '../limits/cpus';
import { availableMemory, busyShare, cpuTicks, type CpuTicks } from '../limits/load';
import { memoryLimit } from '../planning/plan';
import type { ReadyWorker } from './engine';
import { runJob } from './job';
import type { KnowledgeFile } from './knowledge';
import { bestThreads, candidates } from './threads';

/** Time between two looks at whether the machine is idle. */
const lookEvery = 5_000;

/** Looks in a row that must find it idle. */
const quietLooks = 2;

/** Share of the processors' time that an idle machine may use. */
const idleShare = 0.1;

/** Microseconds of CPU time between two looks that mean that the worker answers someone. */
const answering = 30_000;

/** The longest that a measurement may take. */
const benchTimeout = 120_000;

/** Times that a model is tried; then this machine is taken to be never idle. */
const mostTries = 20;

/**
 * Measures, once per model and machine, how many threads are best: in the background, after the model's first answer,
 * and only while neither the worker nor anything else needs the CPU. The next start uses what was found.
 */
export class Measurer {
  private readonly timers = new Set<NodeJS.Timeout>();
  private busy = false;

  constructor(
    private readonly launcher: Launcher,
    private readonly knowledge: KnowledgeFile,
    private readonly programs: Programs,
    private readonly read: ReadFile,
    private readonly log: Log,
  ) {}

  /** Measure this worker's model when the time is right, unless that is known or has no choice. */
  consider(ready: ReadyWorker): void {
    const { plan, cpu, key } = ready;
    if (plan.runtime !== 'llama' || plan.backend !== 'cpu' || mostThreads(cpu) === 1) return;
    if (this.knowledge.known.threads[key]) return;
    this.wait(ready, 0, mostTries, cpuTicks(this.read), this.launcher.cpuMicroseconds(ready.running));
  }

  close(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  private wait(
    ready: ReadyWorker,
    quiet: number,
    tries: number,
    before: CpuTicks | null,
    used: number | null,
  ): void {
    if (tries === 0) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (!this.launcher.alive(ready.running)) return;
      const now = cpuTicks(this.read);
      const usedNow = this.launcher.cpuMicroseconds(ready.running);
      const isQuiet =
        !this.busy &&
        before !== null &&
        now !== null &&
        busyShare(before, now) < idleShare &&
        (usedNow ?? 0) - (used ?? 0) < answering;
      if (isQuiet && quiet + 1 >= quietLooks) {
        void this.measure(ready).then((done) => {
          if (!done) this.wait(ready, 0, tries - 1, cpuTicks(this.read), usedNow);
        });
      } else {
        this.wait(ready, isQuiet ? quiet + 1 : 0, tries, now, usedNow);
      }
    }, lookEvery);
    timer.unref();
    this.timers.add(timer);
  }

  /** @returns false where it was disturbed and should be tried again */
  private async measure({ model, plan, running, cpu, key, skippedVariants }: ReadyWorker): Promise<boolean> {
    // A second copy of what the worker needs, though the weights are shared.
    if ((availableMemory(this.read) ?? Infinity) < plan.memoryBytes * 1.5) return false;
    this.busy = true;
    const most = mostThreads(cpu);
    const instance = `${model.manifest.id}_bench`;
    const used = this.launcher.cpuMicroseconds(running) ?? 0;
    try {
      const output = await runJob(
        this.launcher,
        {
          instance,
          environment: benchEnvironment(
            model,
            candidates(most, cpu.cores),
            this.launcher.folder(instance),
            this.programs,
            skippedVariants,
          ),
          modelPath: model.path,
          memoryMax: memoryLimit(plan),
          gpu: false,
        },
        benchTimeout,
        // Someone asks the model something: they come first.
        () => (this.launcher.cpuMicroseconds(running) ?? 0) - used < answering,
      );
      const measured = bestThreads(output);
      this.knowledge.known.threads[key] = { ...measured, at: new Date().toISOString() };
      this.knowledge.save();
      this.log.info('measured threads', { model: model.manifest.id, ...measured });
      return true;
    } catch (error) {
      this.log.info('measuring threads was given up', {
        model: model.manifest.id,
        cause: describeError(error),
      });
      return false;
    } finally {
      this.busy = false;
    }
  }
}
