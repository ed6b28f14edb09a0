import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoredModel } from '@nanite/contracts';
import { llamaUse, type FitSample } from '@nanite/planning';
import { writeAtomically } from '@nanite/kit';
import { z } from 'zod';
import { askLlama } from './llama';
import { fitsFile, llamaFolder } from './places';

const Sample = z.object({
  context: z.number(),
  plain: z.number(),
  repacked: z.number(),
  cache: z.number(),
  compute: z.number(),
  heap: z.number(),
  vocabulary: z.number(),
  window: z.number(),
  projector: z.number(),
});
const Samples = z.tuple([Sample, Sample]);

/** Samples of models that are here, by the digests of their weights and projector: asked once, kept in the store's folder. */
export class Known {
  private readonly all: Record<string, [FitSample, FitSample]> = this.read();
  private readonly asked = new Set<string>();
  private queue: Promise<void> = Promise.resolve();

  /** @param onLearned called when more is known than before */
  constructor(private readonly onLearned: () => void = () => {}) {}

  /** @returns null where they are not known yet; they are then asked for */
  samples(model: StoredModel, cache: string): [FitSample, FitSample] | null {
    const [weights, projector] = (['weights', 'projector'] as const).map((wanted) =>
      model.manifest.files.find(({ role }) => role === wanted),
    );
    if (!weights || model.missing.length > 0) return null;
    const use = llamaUse(model.manifest.capabilities);
    const key = [weights.sha256, ...(projector ? [projector.sha256] : []), cache, use].join(' ');
    const found = this.all[key];
    if (found) return found;
    const folder = llamaFolder();
    if (folder === null || this.asked.has(key)) return null;
    this.asked.add(key);
    const asking = {
      weights: join(model.path, weights.path),
      ...(projector && { projector: join(model.path, projector.path) }),
      contextLength: model.manifest.contextLength,
      cache,
      use,
    };
    this.queue = this.queue.then(async () => {
      try {
        this.all[key] = await askLlama(folder, asking);
        this.onLearned();
        writeAtomically(fitsFile(), JSON.stringify(this.all), 0o644);
      } catch {
        // A model that llama.cpp cannot load says so when it is started; here its need stays unknown.
      }
    });
    return null;
  }

  private read(): Record<string, [FitSample, FitSample]> {
    try {
      const kept = JSON.parse(readFileSync(fitsFile(), 'utf8')) as Record<string, [FitSample, FitSample]>;
      // Written by this program alone, all by one version: the first stands for all of them.
      const [first] = Object.values(kept);
      return first === undefined || Samples.safeParse(first).success ? kept : {};
    } catch {
      // None yet: everything is asked.
      return {};
    }
  }
}
