import { start } from '../machine/children';
import { CpuQuota } from '../machine/quota';

export const situations = ['alone', 'one core busy', 'quota of 100 %'] as const;
export type Situation = (typeof situations)[number];

/** Set a situation up around a measurement. `through` is what puts a command into it. */
export async function inSituation<T>(
  situation: Situation,
  worker: number,
  measure: (through: string[]) => Promise<T>,
): Promise<T> {
  if (situation === 'one core busy') {
    const busy = await start('sh', ['-c', 'while :; do :; done']);
    try {
      return await measure([]);
    } finally {
      await busy.stop();
    }
  }
  if (situation === 'quota of 100 %') {
    const quota = new CpuQuota(100);
    try {
      quota.add(worker);
      return await measure(quota.command);
    } finally {
      quota.remove();
    }
  }
  return measure([]);
}
