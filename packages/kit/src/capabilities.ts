import { readFileSync } from 'node:fs';
import { NaniteError } from './errors';
import { libcFunction } from './libc';

const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;

/**
 * Keep what systemd's AmbientCapabilities= gave to this process, and give none of it to the programs that it starts:
 * PR_CAP_AMBIENT_CLEAR_ALL of prctl(2). To be called before anything else is started.
 *
 * @throws NaniteError `capabilities-stay` where the kernel keeps them
 */
export function keepCapabilitiesToMyself(): void {
  const prctl = libcFunction<(option: number, a: number, b: number, c: number, d: number) => number>(
    'int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)',
  );
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  const left = /^CapAmb:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  if (left !== undefined && /^0+$/.test(left)) return;
  throw new NaniteError(
    'capabilities-stay',
    'programs started from here would have the rights of this service',
  );
}
