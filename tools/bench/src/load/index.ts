import { fileURLToPath } from 'node:url';
import { run } from '../machine/children';
import type { LoadPlan, LoadResult, StreamPlan, StreamResult } from './plan';

const script = (name: string): string => fileURLToPath(new URL(`./${name}`, import.meta.url));

/** Node's arguments that let it run our TypeScript. */
export const typescript = ['--import', 'tsx'];

/** Run a load in a process of its own. */
export async function load(plan: LoadPlan): Promise<LoadResult> {
  const within = (plan.seconds + plan.timeoutSeconds + 60) * 1000;
  const said = await run(process.execPath, [...typescript, script('generator.ts'), JSON.stringify(plan)], {
    within,
  });
  return JSON.parse(said) as LoadResult;
}

/** Read streams in a process of its own. */
export async function readStreams(plan: StreamPlan): Promise<StreamResult> {
  const said = await run(process.execPath, [...typescript, script('stream-client.ts'), JSON.stringify(plan)]);
  return JSON.parse(said) as StreamResult;
}
