import { lstatSync } from 'node:fs';

/** Where `nanite serve` of a person keeps its sockets: below $XDG_RUNTIME_DIR, else in a folder of that person in /tmp. */
export const personRuntimeDir = (env: NodeJS.ProcessEnv, uid: number): string =>
  `${env['XDG_RUNTIME_DIR'] ?? `/tmp/nanite-${uid}`}/nanite`;

/** Whether a folder is this person's, and nobody else may write into it: in /tmp anybody may have made it first. */
export function isOwnFolder(path: string, uid: number): boolean {
  try {
    const found = lstatSync(path);
    return found.isDirectory() && found.uid === uid && (found.mode & 0o022) === 0;
  } catch {
    return false;
  }
}
