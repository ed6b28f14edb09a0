import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NaniteError } from '@nanite/kit';
import type { Job, Launcher } from '../launch/launcher';
import { describeEnding, reasonIn } from './fault';

/** The end of a text file that a sandboxed process wrote; empty where there is none. */
export function tailOf(path: string, bytes = 16_384): string {
  try {
    return readFileSync(path, 'utf8').slice(-bytes);
  } catch {
    return '';
  }
}

/**
 * Run a short job in a model's sandbox to its end.
 *
 * @param goesOn asked every 100 ms; false ends the job
 * @returns what it wrote to `out`
 * @throws NaniteError `job-failed`, with the reason out of its log; `job-stopped`
 */
export async function runJob(
  launcher: Launcher,
  job: Job,
  timeout: number,
  goesOn: () => boolean = () => true,
): Promise<string> {
  const running = await launcher.start(job);
  const until = Date.now() + timeout;
  for (let pause = 5; launcher.alive(running); pause = Math.min(100, pause * 2)) {
    if (Date.now() > until || !goesOn()) {
      await launcher.stop(job.instance, job.gpu);
      throw new NaniteError('job-stopped', `${job.instance} was stopped`);
    }
    await sleep(pause);
  }
  const folder = launcher.folder(job.instance);
  const ending = await launcher.ending(job.instance, job.gpu);
  if (ending && ending.kind !== 'success') {
    const reason = reasonIn(tailOf(join(folder, 'log'))) ?? describeEnding(ending);
    throw new NaniteError('job-failed', reason, { status: 422 });
  }
  return tailOf(join(folder, 'out'), 1_000_000);
}
