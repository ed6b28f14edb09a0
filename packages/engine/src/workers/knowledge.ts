import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describeError, type Log } from '@nanite/kit';
import { z } from 'zod';

const FitRecord = z.object({
  context: z.number(),
  plain: z.number(),
  repacked: z.number(),
  cache: z.number(),
  compute: z.number(),
  heap: z.number(),
  vocabulary: z.number(),
  window: z.number(),
  projector: z.number().default(0),
});

const Knowledge = z.object({
  schema: z.literal(1),
  /** By model id: the CPU variant that must be forced, and which llama.cpp it was seen with. */
  variants: z.record(
    z.string(),
    z.object({ variant: z.string(), llama: z.string(), failed: z.array(z.string()) }),
  ),
  /** By key of weights, cache type and llama.cpp: two samples of the memory needed. */
  // In the shape of an earlier version: asked again.
  fits: z.record(z.string(), z.tuple([FitRecord, FitRecord])).catch({}),
  /** By key of weights, CPU and llama.cpp: the best numbers of threads. */
  threads: z.record(
    z.string(),
    z.object({
      threads: z.number(),
      threadsBatch: z.number(),
      tokensPerSecond: z.number().nullable().default(null),
      summary: z.string(),
      at: z.string(),
    }),
  ),
});
export type Knowledge = z.infer<typeof Knowledge>;

const nothing = (): Knowledge => ({ schema: 1, variants: {}, fits: {}, threads: {} });

/** What was learnt about this machine, kept across restarts in one file. Losing it costs a second or two, no more. */
export class KnowledgeFile {
  readonly known: Knowledge;

  constructor(
    private readonly path: string,
    private readonly log: Log,
  ) {
    this.known = this.read();
  }

  save(): void {
    try {
      mkdirSync(dirname(this.path), { recursive: true });
      writeFileSync(`${this.path}.new`, JSON.stringify(this.known, null, 1));
      renameSync(`${this.path}.new`, this.path);
    } catch (error) {
      this.log.warning('what was learnt about this machine is not kept', { cause: describeError(error) });
    }
  }

  private read(): Knowledge {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch {
      return nothing();
    }
    try {
      return Knowledge.parse(JSON.parse(text));
    } catch (error) {
      this.log.warning('forgetting what was learnt about this machine', { cause: describeError(error) });
      return nothing();
    }
  }
}
