import type { Socket } from 'node:net';
import { libcFunction } from './libc';

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

type GetSockOpt = (fd: number, level: number, option: number, value: Buffer, length: Buffer) => number;
let getsockopt: GetSockOpt | undefined;

/** The file descriptor of a socket. Node keeps it private; without it nobody can ask the kernel who is there. */
export function descriptorOf(socket: Socket): number {
  const handle = (socket as unknown as { _handle?: { fd?: number } })._handle;
  return handle?.fd ?? -1;
}

/**
 * Process and user at the other end of a unix socket, as they were when it connected: SO_PEERCRED of unix(7).
 *
 * @returns null where the socket is gone or the kernel does not tell
 * @throws NaniteError `koffi-missing`
 */
export function unixPeer(fd: number): { pid: number; uid: number } | null {
  if (fd < 0) return null;
  getsockopt ??= libcFunction<GetSockOpt>(
    'int getsockopt(int fd, int level, int option, _Out_ void *value, _Inout_ void *length)',
  );
  // struct ucred: pid, uid, gid, 32 bits each.
  const credentials = Buffer.alloc(12);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(12);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, length) !== 0) return null;
  const pid = credentials.readInt32LE(0);
  const uid = credentials.readUInt32LE(4);
  // The kernel's "nobody" for a peer without credentials.
  return uid === 0xffffffff ? null : { pid, uid };
}
