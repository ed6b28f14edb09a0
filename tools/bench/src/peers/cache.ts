import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const checkout = resolve(fileURLToPath(new URL('../../../..', import.meta.url)));

/** Where peers are installed: $NANITE_CACHE/bench. */
export const peersFolder = (): string => join(process.env['NANITE_CACHE'] ?? '/var/cache/nanite', 'bench');
