import { existsSync } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
import { homedir } from 'node:os';
import { stateDir } from '@nanite/kit';
import { fail, pass, warn, type Check } from '../check';

/** Below, an index cannot grow and a log cannot be written: 32 MB; below 256 MB little else can be. */
const least = 32e6;
const little = 256e6;

const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20).toLocaleString('en')} MiB`;

export const disk: Check = {
  id: 'disk',
  title: 'Free disk',
  side: 'machine',
  seconds: 20,
  quick: true,
  run: async () => {
    const places = ['/', stateDir(), homedir()].filter((path) => existsSync(path));
    const free = new Map<string, number>();
    const seen = new Set<number>();
    for (const path of places) {
      const { dev } = await stat(path);
      if (seen.has(dev)) continue;
      seen.add(dev);
      const { bavail, bsize } = await statfs(path);
      free.set(path, bavail * bsize);
    }
    const lowest = Math.min(...free.values());
    const data = { freeBytes: lowest };
    const said = [...free].map(([path, bytes]) => `${mebibytes(bytes)} at ${path}`).join(', ');
    const hint = 'remove what is not needed: nanite models du, sudo apt clean';
    if (lowest < least) return fail(said, hint, data);
    if (lowest < little) return warn(said, hint, data);
    return pass(said, data);
  },
};
