import { closeSync, openSync } from 'node:fs';
import { libcFunction, NaniteError } from '@nanite/kit';

const LOCK_EX = 2;
const LOCK_NB = 4;

type Flock = (fd: number, operation: number) => number;

/**
 * The right to index, held by one process at a time: flock(2). The kernel gives it back when the process ends, however
 * it ends.
 *
 * @returns gives the lock back
 * @throws NaniteError `already-indexing` 503
 */
export function lockIndex(path: string): () => void {
  const flock = libcFunction<Flock>('int flock(int fd, int operation)');
  const fd = openSync(path, 'a', 0o600);
  if (flock(fd, LOCK_EX | LOCK_NB) === 0) return () => closeSync(fd);
  closeSync(fd);
  throw new NaniteError('already-indexing', `another process already keeps this index (${path})`, {
    hint: 'one nanite-rag serves a person: systemctl --user status nanite-rag',
    status: 503,
  });
}
