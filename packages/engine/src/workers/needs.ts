import { NaniteError } from '@nanite/kit';
import { fitEnvironment, type Programs } from '../launch/environment';
import type { Launcher } from '../launch/launcher';
import { fileOf, type InstalledModel } from '../models/catalogue';
import {
  bytesOfFiles,
  llamaUse,
  mebibyte,
  needFromFit,
  onnxNeed,
  parseFit,
  type FitSample,
  type MemoryNeed,
} from '@nanite/planning';
import { runJob } from './job';
import type { KnowledgeFile } from './knowledge';

/** How long llama.cpp may take to add up a model's tensors. */
const fitTimeout = 30_000;

/** How long a refusal is remembered, so that listing models does not try a bad file again and again. */
const refusalLasts = 60_000;

/**
 * What models need, as llama.cpp itself adds it up (`llama-fit-params`), once per file and version.
 *
 * Not a formula of ours over the file's header: sliding windows, latent attention, recurrent layers and mixtures each
 * need one of their own, and llama.cpp has them all. It reads the file in the worker's sandbox, as the worker will.
 */
export class Needs {
  private readonly refusals = new Map<string, { error: NaniteError; at: number }>();
  private queue: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly launcher: Launcher,
    private readonly knowledge: KnowledgeFile,
    private readonly programs: Programs,
  ) {}

  /**
   * @param llama version of llama.cpp
   * @throws NaniteError `model-refused`
   */
  async of(model: InstalledModel, kvType: string, llama: string): Promise<MemoryNeed> {
    const { manifest } = model;
    if (manifest.format === 'onnx') {
      return onnxNeed({
        weightsBytes: bytesOfFiles(manifest.files).weights,
        embeddingLength: manifest.embeddingLength ?? 1024,
      });
    }
    const digests = ['weights', 'projector'].flatMap(
      (role) => manifest.files.find((file) => file.role === role)?.sha256 ?? [],
    );
    const use = llamaUse(manifest.capabilities);
    const key = `${digests.join(' ')} ${kvType} ${use} ${llama}`;
    const need = ([low, high]: [FitSample, FitSample]) =>
      needFromFit(low, high, bytesOfFiles(manifest.files), use);
    const known = this.knowledge.known.fits[key];
    if (known) return need(known);

    const refusal = this.refusals.get(key);
    if (refusal && Date.now() - refusal.at < refusalLasts) throw refusal.error;

    // One at a time: listing a hundred new models must not start a hundred processes.
    const turn = this.queue.then(() => this.ask(model, kvType));
    this.queue = turn.catch(() => undefined);
    try {
      const samples = await turn;
      this.knowledge.known.fits[key] = samples;
      this.knowledge.save();
      return need(samples);
    } catch (cause) {
      if (!(cause instanceof NaniteError) || cause.code !== 'job-failed') throw cause;
      const error = new NaniteError('model-refused', `${manifest.name} cannot be loaded: ${cause.message}`, {
        status: 422,
        hint: 'the file is damaged or of a kind that the installed llama.cpp does not know: install the model again, or update',
        cause,
      });
      this.refusals.set(key, { error, at: Date.now() });
      throw error;
    }
  }

  private async ask(model: InstalledModel, kvType: string): Promise<[FitSample, FitSample]> {
    const high = Math.min(model.manifest.contextLength, 32_768);
    const low = Math.max(256, Math.floor(high / 4));
    const instance = `${model.manifest.id}_fit`;
    const environment = fitEnvironment(
      model,
      [low, high],
      kvType,
      this.launcher.folder(instance),
      this.programs,
    );
    const output = await runJob(
      this.launcher,
      { instance, environment, modelPath: model.path, memoryMax: 2048 * mebibyte, gpu: false },
      fitTimeout,
    );
    const tables = output.split(/^context \d+$/m).slice(1);
    const samples = [parseFit(tables[0] ?? '', low), parseFit(tables[1] ?? '', high)] as const;
    if (!samples[0] || !samples[1]) {
      throw new NaniteError('job-failed', `llama.cpp does not say what ${fileOf(model, 'weights')} needs`);
    }
    return [samples[0], samples[1]];
  }
}
