import { createRequire } from 'node:module';
import { NaniteError, libDir } from '@nanite/kit';

/** The three calls of libc that Node lacks. Descriptors and lengths as in socket(2), send(2), recv(2), getsockopt(2). */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  send(fd: number, data: Buffer, length: number, flags: number): number;
  recv(fd: number, into: Buffer, length: number, flags: number): number;
  getsockopt(fd: number, level: number, option: number, value: Buffer, length: Buffer): number;
}

interface Koffi {
  load(path: string): { func(prototype: string): (...args: unknown[]) => number };
}

let loaded: Libc | undefined;

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
  throw new NaniteError(
    'koffi-missing',
    'the native add-on koffi cannot be loaded: nobody could be identified',
    {
      hint: 'apt install nanite-koffi',
      cause,
    },
  );
}

/** @throws NaniteError `koffi-missing` */
export function libc(): Libc {
  if (loaded !== undefined) return loaded;
  const library = requireKoffi().load('libc.so.6');
  loaded = {
    socket: library.func('int socket(int domain, int type, int protocol)'),
    send: library.func('long send(int fd, const void *data, size_t length, int flags)'),
    recv: library.func('long recv(int fd, _Out_ void *into, size_t length, int flags)'),
    getsockopt: library.func(
      'int getsockopt(int fd, int level, int option, _Out_ void *value, _Inout_ void *length)',
    ),
  };
  return loaded;
}
