import { readFileSync } from 'node:fs';

/** Read a small file of /proc or /sys; null where it cannot be read. Tests give a fake tree. */
export type ReadFile = (path: string) => string | null;

export const readSystemFile: ReadFile = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
};
