import { readFile, rm } from 'node:fs/promises';
import { sep } from 'node:path';
import { run } from './program';

/** What is mounted at or below a folder, innermost first. */
export async function mountsBelow(folder: string): Promise<string[]> {
  const info = await readFile('/proc/self/mountinfo', 'utf8');
  return info
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .map((path) => path.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8))))
    .filter((path) => path === folder || path.startsWith(folder + sep))
    .reverse();
}

/** Remove a folder with what is mounted in it unmounted, never what the mounts show. */
export async function removeWithMounts(folder: string): Promise<void> {
  for (const path of await mountsBelow(folder)) await run('umount', ['--lazy', path]);
  const left = await mountsBelow(folder);
  if (left.length > 0) throw new Error(`still mounted: ${left.join(', ')}`);
  await rm(folder, { recursive: true, force: true });
}
