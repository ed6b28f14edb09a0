import { z } from 'zod';
import { join } from 'node:path';
import { NaniteError } from '@nanite/kit';
import { run } from '../machine/children';
import type { InstalledNanite } from '../machine/installed';
import { checkout } from './cache';

/** Part of what llama-bench prints with `-o json`. */
const Rows = z.array(z.object({ n_prompt: z.number(), n_gen: z.number(), avg_ts: z.number() }));

/** Tokens a second with a fixed number of threads; 0 where that number was so slow that it was not waited for. */
export interface FixedThreads {
  threads: number;
  generation: number;
  prompt: number;
}

/** @throws ZodError or SyntaxError for anything but llama-bench's JSON with one row of each kind */
export function parseLlamaBench(json: string, threads: number): FixedThreads {
  const rows = Rows.parse(JSON.parse(json));
  const generation = rows.find(({ n_gen }) => n_gen > 0)?.avg_ts;
  const prompt = rows.find(({ n_prompt, n_gen }) => n_prompt > 0 && n_gen === 0)?.avg_ts;
  if (generation === undefined || prompt === undefined) throw new SyntaxError('llama-bench measured not all');
  return { threads, generation, prompt };
}

/**
 * llama.cpp's own benchmark, from the same package as the worker and in the same machine, with one number of threads.
 *
 * @param plan.mostSeconds to wait for it: two threads beside a busy program can be a hundred times slower than one
 * @param through command that runs it, such as one that puts it under a quota
 */
export async function measureLlamaBench(
  nanite: InstalledNanite,
  plan: { model: string; threads: number; tokens: number; promptTokens: number; mostSeconds: number },
  through: string[] = [],
): Promise<FixedThreads> {
  const [command = '', ...rest] = [
    ...through,
    ...[join(checkout, 'tools/target/target'), 'exec', nanite.machine.name],
    // Ended in the machine: what is killed out here leaves its command there alive.
    ...['timeout', '--kill-after=1', String(plan.mostSeconds), '/usr/lib/nanite/llama/llama-bench'],
    ...['--model', plan.model, '--threads', String(plan.threads)],
    ...['--n-gen', String(plan.tokens), '--n-prompt', String(plan.promptTokens)],
    ...['--repetitions', '1', '--n-gpu-layers', '0', '--output', 'json'],
  ];
  try {
    return parseLlamaBench(await run(command, rest, { within: 180_000 }), plan.threads);
  } catch (error) {
    if (error instanceof NaniteError && /ended with 124\b/.test(error.message)) {
      return { threads: plan.threads, generation: 0, prompt: 0 };
    }
    throw error;
  }
}
