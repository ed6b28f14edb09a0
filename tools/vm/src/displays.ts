import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { NaniteError } from '@nanite/kit';

/**
 * Whether $DISPLAY names an X server of this machine that can be reached from here: inside a root of tools/target /tmp is
 * another, but X servers listen on an abstract socket too, and those go by network.
 *
 * @param sockets the text of /proc/net/unix
 */
export function isReachable(display: string, sockets: string): boolean {
  const number = /^(?:unix)?:(\d+)(?:\.\d+)?$/.exec(display)?.[1];
  if (number === undefined) return false;
  return existsSync(`/tmp/.X11-unix/X${number}`) || sockets.includes(`@/tmp/.X11-unix/X${number}\n`);
}

export function hasReachableDisplay(): boolean {
  const display = process.env['DISPLAY'];
  return display !== undefined && isReachable(display, readFileSync('/proc/net/unix', 'utf8'));
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/**
 * The first VNC display (port 5900 + its number) of 127.0.0.1 that nobody uses.
 *
 * @throws NaniteError `no-vnc-display` where ninety are in use
 */
export async function freeVncDisplay(): Promise<number> {
  for (let display = 0; display < 90; display++) if (await isFree(5900 + display)) return display;
  throw new NaniteError('no-vnc-display', 'the ports 5900 to 5989 of 127.0.0.1 are all in use');
}
