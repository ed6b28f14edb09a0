import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { GatewaySettings } from '@nanite/contracts';
import { NaniteError, listenOnFd, listenOnPath, listenOnTcp, socketPath } from '@nanite/kit';
import type { Gateway } from './gateway';
import { isLoopback } from './identity/tcp-peer';

/** The port of Ollama's API, and where we listen when another program holds it. */
export const ollamaPort = 11434;
export const otherPort = 11435;

/** Names that our socket units give with FileDescriptorName=. */
export const socketNames = { unix: 'unix', tcp: 'tcp', tcp6: 'tcp6', other: 'tcp-other' } as const;

const isLoopbackHost = (host: string): boolean => host === 'localhost' || isLoopback(host);

function fileOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new NaniteError('tls-unreadable', `cannot read ${path}`, {
      hint: 'it must be readable by the user nanite-gateway',
      cause,
    });
  }
}

export interface Bound {
  servers: Server[];
  /** True where 11434 was not to be had. */
  portTaken: boolean;
}

/** Listen on the sockets that systemd handed over. */
export async function bindInherited(
  gateway: Gateway,
  sockets: ReadonlyArray<{ name: string; fd: number }>,
): Promise<Bound> {
  const servers: Server[] = [];
  const addresses: Record<string, string> = {
    [socketNames.unix]: socketPath('gateway'),
    [socketNames.tcp]: `http://127.0.0.1:${ollamaPort}`,
    [socketNames.tcp6]: `http://[::1]:${ollamaPort}`,
    [socketNames.other]: `http://127.0.0.1:${otherPort}`,
  };
  for (const { name, fd } of sockets) {
    const server = gateway.server(name === socketNames.unix ? 'unix' : 'loopback');
    await listenOnFd(server, fd);
    servers.push(server);
    gateway.context.listeners.push(addresses[name] ?? name);
  }
  const has = (name: string) => sockets.some((socket) => socket.name === name);
  return { servers, portTaken: has(socketNames.other) && !has(socketNames.tcp) };
}

/** Listen by ourselves, for a run without systemd. */
export async function bindOwn(gateway: Gateway): Promise<Bound> {
  const { listeners } = gateway.context;
  const unix = gateway.server('unix');
  await listenOnPath(unix, socketPath('gateway'), 0o666);
  listeners.push(socketPath('gateway'));
  const servers = [unix];
  let portTaken = false;
  for (const [host, shown] of [
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '[::1]'],
  ] as const) {
    const server = gateway.server('loopback');
    try {
      await listenOnTcp(server, host, ollamaPort);
      listeners.push(`http://${shown}:${ollamaPort}`);
      servers.push(server);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A machine without IPv6 has no ::1.
      if (host === '::1' && code !== 'EADDRINUSE') continue;
      if (code !== 'EADDRINUSE') throw error;
      if (host === '::1') continue;
      portTaken = true;
      const other = gateway.server('loopback');
      await listenOnTcp(other, host, otherPort);
      listeners.push(`http://${shown}:${otherPort}`);
      servers.push(other);
    }
  }
  return { servers, portTaken };
}

/**
 * Look at the listeners in the settings before anything is bound.
 *
 * @throws NaniteError `unsafe-listener` for an address off loopback without TLS or without a token
 */
export function checkListeners({ listeners, tokens }: Pick<GatewaySettings, 'listeners' | 'tokens'>): void {
  for (const { host, port, tls } of listeners) {
    if (isLoopbackHost(host)) continue;
    const missing = [...(tls === null ? ['TLS'] : []), ...(tokens.length === 0 ? ['a token'] : [])];
    if (missing.length === 0) continue;
    throw new NaniteError(
      'unsafe-listener',
      `refusing to listen on ${host}:${port} without ${missing.join(' and ')}`,
      { hint: 'set gateway.listeners[].tls and gateway.tokens; nanite-gateway(8) has an example' },
    );
  }
}

/** Listen where the administrator's settings say, after {@link checkListeners}. */
export async function bindConfigured(gateway: Gateway): Promise<Server[]> {
  const wanted = gateway.context.settings.listeners;
  const servers: Server[] = [];
  for (const { host, port, tls } of wanted) {
    const server =
      tls === null
        ? gateway.server('loopback')
        : await gateway.door.tlsServer({ cert: fileOf(tls.certificate), key: fileOf(tls.key) });
    await listenOnTcp(server, host, port);
    gateway.context.listeners.push(`${tls === null ? 'http' : 'https'}://${host}:${port}`);
    servers.push(server);
  }
  return servers;
}
