import { z } from 'zod';
import type { MeasuredThreads } from '../planning/plan';

/** Part of llama-bench's JSON (tools/llama-bench). */
const Bench = z.array(
  z.object({ n_threads: z.number(), n_prompt: z.number(), n_gen: z.number(), avg_ts: z.number() }),
);

/** Gain below which fewer threads are better: they leave CPUs to others. */
const worthwhile = 1.03;

/** Numbers of threads worth measuring: one, doublings, the physical cores and all that are allowed. */
export function candidates(most: number, cores: number): number[] {
  const numbers = new Set([1, Math.min(cores, most), most]);
  for (let threads = 2; threads < most; threads *= 2) numbers.add(threads);
  return [...numbers].sort((a, b) => a - b);
}

/**
 * The best numbers of threads for generation and for prompts.
 *
 * @param json what llama-bench printed
 * @throws ZodError or SyntaxError for anything else
 */
export function bestThreads(json: string): MeasuredThreads {
  const rows = Bench.parse(JSON.parse(json));
  const generation = rows.filter((row) => row.n_gen > 0 && row.n_prompt === 0);
  const prompts = rows.filter((row) => row.n_prompt > 0 && row.n_gen === 0);
  const chosen = best(generation);
  const list = (from: typeof rows) =>
    from.map((row) => `${row.avg_ts.toPrecision(3)} with ${row.n_threads}`).join(', ');
  return {
    threads: chosen.n_threads,
    threadsBatch: best(prompts).n_threads,
    tokensPerSecond: chosen.avg_ts,
    summary: `tokens/s when generating ${list(generation)}; in prompts ${list(prompts)}`,
  };
}

function best(rows: z.infer<typeof Bench>): z.infer<typeof Bench>[number] {
  const sorted = [...rows].sort((a, b) => a.n_threads - b.n_threads);
  let chosen = sorted[0];
  if (!chosen) throw new SyntaxError('llama-bench measured nothing');
  for (const row of sorted) if (row.avg_ts > chosen.avg_ts * worthwhile) chosen = row;
  return chosen;
}
