import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { inheritedSockets, listenOnFd, listenOnPath } from './listen';

export interface ServeOptions {
  /** Where to listen when systemd hands over no socket, and the permission bits of that socket, such as 0o660. */
  socket: { path: string; mode: number };
  /**
   * Seconds without a request and without work after which a socket-activated service ends. Where they are known only
   * later: a function, which is asked again when the time is up.
   */
  idleSeconds: number | (() => number);
  /** Whether there is work that no open request waits for; asked when the time is up, and then again after as long. */
  isBusy: () => boolean;
  /** Let go of what the service holds; the process ends when this has resolved. `idle`: it was not told to end. */
  close: (why: 'idle' | 'told') => Promise<void>;
}

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
  let wait: (() => void) | null = null;
  let timer: NodeJS.Timeout | undefined;
  server.on('request', (_request: IncomingMessage, response: ServerResponse) => {
    open += 1;
    clearTimeout(timer);
    // A peer that goes away before its answer closes the response without finishing it.
    response.once('close', () => {
      open -= 1;
      if (open === 0) wait?.();
    });
  });
  let ending = false;
  const end = (why: 'idle' | 'told'): void => {
    if (ending) return;
    ending = true;
    server.close();
    options.close(why).then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', () => end('told'));
  process.once('SIGINT', () => end('told'));

  const [inherited] = inheritedSockets();
  if (inherited === undefined) return listenOnPath(server, options.socket.path, options.socket.mode);
  await listenOnFd(server, inherited.fd);
  const { idleSeconds } = options;
  const idleMs = (): number => (typeof idleSeconds === 'number' ? idleSeconds : idleSeconds()) * 1000;
  // One timer for the end of the time, not one that looks now and then: an idle service does not wake the processor.
  const waitOut = (since: number): void => {
    clearTimeout(timer);
    const left = since + idleMs() - performance.now();
    if (left <= 0 && !options.isBusy()) return end('idle');
    timer = setTimeout(
      () => waitOut(options.isBusy() ? performance.now() : since),
      Math.max(left, 0),
    ).unref();
  };
  wait = () => waitOut(performance.now());
  wait();
}
