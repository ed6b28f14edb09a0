import { readFileSync } from 'node:fs';
import type { InstalledNanite } from '../machine/installed';
import type { NaniteSide } from './side';

const answering = ['nanite-koffi', 'nanite-gateway', 'nanite-engine', 'nanite-llama', 'nanite-cli'] as const;

/** The model that benches ask, and the packages that answer. */
export const chatModel = {
  name: 'smollm2:135m',
  id: 'smollm2-135m-instruct-q4-1',
  weights: '/usr/share/nanite/models/smollm2-135m-instruct-q4-1/model.gguf',
  packages: [...answering, 'nanite-model-smollm2-135m-instruct'],
} as const;

/** The one that can use tools. */
export const ableModel = {
  name: 'qwen2.5-coder:1.5b',
  id: 'qwen2.5-coder-1.5b-instruct-q4-k-m',
  weights: '/usr/share/nanite/models/qwen2.5-coder-1.5b-instruct-q4-k-m/model.gguf',
  packages: [...answering, 'nanite-model-qwen2.5-coder-1.5b-instruct'],
} as const;

/** What the engine remembers; null where there is nothing yet. */
function measuredThreads(nanite: InstalledNanite): string | null {
  let text: string;
  try {
    text = readFileSync(nanite.path('/var/lib/nanite/engine/knowledge.json'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const { threads } = JSON.parse(text) as { threads?: Record<string, { summary: string }> };
  return Object.values(threads ?? {})[0]?.summary ?? null;
}

/**
 * Start the model and let the engine measure, once and while nothing else runs, how many threads are best; then start
 * it again with what was found.
 *
 * @param seconds to wait for that at most; 0: do not
 * @returns what the engine found, in words
 */
export async function settleThreads(
  nanite: InstalledNanite,
  side: NaniteSide,
  seconds: number,
  progress: (message: string) => void,
): Promise<string> {
  await side.generate(16, 1);
  if (seconds > 0) progress('waiting until the engine has measured how many threads are best');
  for (let waited = 0; waited < seconds; waited++) {
    if (measuredThreads(nanite) !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  const found = measuredThreads(nanite);
  if (found === null) return 'the engine had not measured threads yet, and used its default';
  await nanite.gateway.load(side.model, 0);
  await side.generate(16, 1);
  return `the engine had measured ${found}`;
}
