import { lstatSync } from 'node:fs';

/** Whether a folder is this person's, and nobody else may write into it: in /tmp anybody may have made it first. */
export function isOwnFolder(path: string, uid: number): boolean {
  try {
    const found = lstatSync(path);
    return found.isDirectory() && found.uid === uid && (found.mode & 0o022) === 0;
  } catch {
    return false;
  }
}

/** What a login makes: there too where a program of that person runs without its session's environment, as under su or cron. */
function loginFolder(uid: number): string | null {
  const path = `/run/user/${uid}`;
  return isOwnFolder(path, uid) ? path : null;
}

/** Where a person's services keep their sockets: below $XDG_RUNTIME_DIR, else in a folder of that person in /tmp. */
export const personRuntimeDir = (env: NodeJS.ProcessEnv, uid: number): string =>
  `${env['XDG_RUNTIME_DIR'] ?? loginFolder(uid) ?? `/tmp/nanite-${uid}`}/nanite`;
