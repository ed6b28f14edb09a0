import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Which archives lie here, and whether one of them was replaced since. */
function contents(debs: string): string {
  const archives = readdirSync(debs, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.deb'),
  );
  return archives
    .sort()
    .map((path) => {
      const { ino, size, mtimeMs, ctimeMs } = statSync(join(debs, path));
      return [path, ino, size, mtimeMs, ctimeMs].join(' ');
    })
    .join('\n');
}

/** Beside `path` first, so that whoever reads it meets the old or the new one whole. */
function replace(path: string, text: string): void {
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, text);
  renameSync(partial, path);
}

/**
 * Make dist/debs an unsigned, flat apt repository, for tests of single packages. (The signed repository is
 * tools/apt-repo's.) Reading every archive takes seconds, and each machine asks: an index of what lies here stays.
 */
export function indexDebs(debs: string): void {
  const index = join(debs, 'Packages');
  const indexed = join(debs, '.indexed');
  const now = contents(debs);
  if (existsSync(index) && existsSync(indexed) && readFileSync(indexed, 'utf8') === now) return;
  replace(
    index,
    execFileSync('apt-ftparchive', ['packages', '.'], { cwd: debs, encoding: 'utf8', maxBuffer: 1 << 26 }),
  );
  // Last: what was written before is of these archives or of older ones, never called newer than it is.
  replace(indexed, now);
}
