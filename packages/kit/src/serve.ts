import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { inheritedSockets, listenOnFd, listenOnPath } from './listen';

export interface ServeOptions {
  /** Where to listen when systemd hands over no socket, and the permission bits of that socket, such as 0o660. */
  socket: { path: string; mode: number };
  /** Seconds without a request and without work after which a socket-activated service ends. */
  idleSeconds: number;
  /** Whether there is work that no open request waits for; asked every few seconds. */
  isBusy: () => boolean;
  /** Let go of what the service holds; the process ends when this has resolved. */
  close: () => Promise<void>;
}

/** How often it is looked whether the service is idle, in milliseconds; less where it may idle for less. */
const lookEveryMs = 5_000;

/**
 * Run an HTTP service on its unix socket: the one that systemd hands over (sd_listen_fds(3)), else one of its own.
 *
 * With a socket of systemd's the process ends once nothing was asked and nothing done for `idleSeconds`: systemd keeps
 * the socket, and the next request starts it again. SIGTERM and SIGINT end it at once.
 * @returns when it listens
 * @throws NaniteError `already-running` where another process answers on the path
 */
export async function serve(server: Server, options: ServeOptions): Promise<void> {
  let open = 0;
  let lastUsed = Date.now();
  server.on('request', (_request: IncomingMessage, response: ServerResponse) => {
    open += 1;
    lastUsed = Date.now();
    // A peer that goes away before its answer closes the response without finishing it.
    response.once('close', () => {
      open -= 1;
      lastUsed = Date.now();
    });
  });
  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    server.close();
    options.close().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);

  const [inherited] = inheritedSockets();
  if (inherited === undefined) return listenOnPath(server, options.socket.path, options.socket.mode);
  await listenOnFd(server, inherited.fd);
  const idleMs = options.idleSeconds * 1000;
  setInterval(
    () => {
      if (options.isBusy()) lastUsed = Date.now();
      if (open === 0 && Date.now() - lastUsed >= idleMs) end();
    },
    Math.max(50, Math.min(lookEveryMs, idleMs / 2)),
  ).unref();
}
