import type { Server } from 'node:net';
import { mkdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { NaniteError } from './errors';

/** Sockets handed over by systemd (sd_listen_fds(3)), by the name that FileDescriptorName= gave them. */
export function inheritedSockets(env: NodeJS.ProcessEnv = process.env): Array<{ name: string; fd: number }> {
  if (env['LISTEN_PID'] !== String(process.pid)) return [];
  const names = (env['LISTEN_FDNAMES'] ?? '').split(':');
  return Array.from({ length: Number(env['LISTEN_FDS'] ?? 0) }, (_, i) => ({
    name: names[i] ?? '',
    fd: 3 + i,
  }));
}

/** Whether a process accepts connections on a unix socket. */
export function isAnswering(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}

/**
 * Listen on a unix socket of our own, for a run without systemd.
 *
 * A socket left by a process that is gone is replaced; one that still answers is not.
 * @param mode permission bits of the socket, such as 0o666
 * @throws NaniteError `already-running` where another process answers on the path
 */
export async function listenOnPath(server: Server, path: string, mode: number): Promise<void> {
  if (await isAnswering(path)) {
    throw new NaniteError('already-running', `another process already answers on ${path}`, {
      hint: 'stop it first, or set NANITE_RUNTIME_DIR to another folder',
    });
  }
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  // The mask makes the socket appear with its final mode: no moment in which anyone may connect.
  const before = process.umask(0o777 & ~mode);
  try {
    await listening(server, () => server.listen(path));
  } finally {
    process.umask(before);
  }
}

export function listenOnFd(server: Server, fd: number): Promise<void> {
  return listening(server, () => server.listen({ fd }));
}

export function listenOnTcp(server: Server, host: string, port: number): Promise<void> {
  return listening(server, () => server.listen({ host, port }));
}

function listening(server: Server, start: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
    start();
  });
}
