import { createRequire } from 'node:module';
import { NaniteError } from './errors';
import { libDir } from './paths';

interface Koffi {
  load(path: string): { func(prototype: string): (...args: unknown[]) => number };
  errno(): number;
}

let koffi: Koffi | undefined;
let library: ReturnType<Koffi['load']> | undefined;

/** koffi comes from nanite-koffi in an installed system, and from node_modules in the checkout. */
function requireKoffi(): Koffi {
  let cause: unknown;
  for (const base of [`${libDir()}/koffi/`, import.meta.url]) {
    try {
      return createRequire(base)('koffi') as Koffi;
    } catch (error) {
      cause ??= error;
    }
  }
  throw new NaniteError('koffi-missing', 'the native add-on koffi cannot be loaded', {
    hint: 'apt install nanite-koffi',
    cause,
  });
}

/**
 * A function of libc that Node lacks.
 *
 * @param prototype as in its manual page: `int flock(int fd, int operation)`
 * @throws NaniteError `koffi-missing`
 */
export function libcFunction<F extends (...args: never[]) => number>(prototype: string): F {
  koffi ??= requireKoffi();
  library ??= koffi.load('libc.so.6');
  return library.func(prototype) as unknown as F;
}

/** errno(3) of the last call of a function of {@link libcFunction}. */
export const lastErrno = (): number => koffi?.errno() ?? 0;
