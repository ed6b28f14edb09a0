import { NaniteError } from '@nanite/kit';
import type { Forward } from './options';

/**
 * `2G`, `1536M` or `1536` as MiB.
 *
 * @throws NaniteError `bad-size`
 */
export function parseMemory(text: string): number {
  const found = /^(\d+(?:\.\d+)?)\s*([GM]?)(?:i?B)?$/i.exec(text.trim());
  const size =
    found === null ? 0 : Math.round(Number(found[1]) * (found[2]?.toUpperCase() === 'G' ? 1024 : 1));
  if (size < 64)
    throw new NaniteError('bad-size', `'${text}' is not a size of memory`, { hint: 'for example 2G' });
  return size;
}

/**
 * `8080:11434`: a port here, a port there.
 *
 * @throws NaniteError `bad-forward`
 */
export function parseForward(text: string): Forward {
  const [host, guest, more] = text.split(':').map(Number);
  const isPort = (port: number | undefined): port is number =>
    port !== undefined && Number.isInteger(port) && port > 0 && port < 65536;
  if (!isPort(host) || !isPort(guest) || more !== undefined) {
    throw new NaniteError('bad-forward', `'${text}' forwards nothing`, { hint: 'for example 8080:11434' });
  }
  return { host, guest };
}
