import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { NaniteError } from '@nanite/kit';

/**
 * Do work while holding a lock that the kernel lets go of however this process ends: a child holds it, and ends when
 * our end of its input closes. (A file with a process id would not do: each `target enter` counts its own.)
 *
 * @param busy says what holds it, where another does
 * @throws NaniteError `busy` where another process holds the lock
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  busy = 'another process works on this repository',
): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  const holder = spawn(
    'flock',
    ['--nonblock', '--conflict-exit-code', '9', path, 'sh', '-c', 'echo held; exec cat'],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const ended = new Promise<number | null>((resolve) => holder.once('close', resolve));
  await new Promise<void>((resolve, reject) => {
    holder.once('error', reject);
    holder.stdout.once('data', () => resolve());
    void ended.then((status) =>
      reject(
        new NaniteError('busy', `${busy} (${path}, status ${status})`, {
          hint: 'wait until it is done',
        }),
      ),
    );
  });
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
