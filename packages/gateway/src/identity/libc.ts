import { libcFunction } from '@nanite/kit';

/** Calls of libc that Node lacks. Descriptors and lengths as in socket(2), send(2), recv(2). */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  send(fd: number, data: Buffer, length: number, flags: number): number;
  recv(fd: number, into: Buffer, length: number, flags: number): number;
}

let loaded: Libc | undefined;

/** @throws NaniteError `koffi-missing` */
export function libc(): Libc {
  loaded ??= {
    socket: libcFunction('int socket(int domain, int type, int protocol)'),
    send: libcFunction('long send(int fd, const void *data, size_t length, int flags)'),
    recv: libcFunction('long recv(int fd, _Out_ void *into, size_t length, int flags)'),
  };
  return loaded;
}
