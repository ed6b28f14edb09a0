import { closeSync, openSync } from 'node:fs';
import { libcFunction, NaniteError } from '@nanite/kit';

const LOCK_EX = 2;
const LOCK_NB = 4;

type Flock = (fd: number, operation: number) => number;

/**
 * The right to write, held by one process at a time: flock(2). The kernel gives it back when the process ends, however
 * it ends.
 *
 * @returns gives the lock back
 * @throws NaniteError `store-locked` 503
 */
export function lockStore(path: string): () => void {
  const flock = libcFunction<Flock>('int flock(int fd, int operation)');
  const fd = openSync(path, 'a', 0o600);
  if (flock(fd, LOCK_EX | LOCK_NB) === 0) return () => closeSync(fd);
  closeSync(fd);
  throw new NaniteError('store-locked', `another process writes to the store (${path})`, {
    hint: 'only nanite-models.service writes there: systemctl status nanite-models',
    status: 503,
  });
}
