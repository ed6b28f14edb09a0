import { execFileSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Make dist/debs an unsigned, flat apt repository, for tests of single packages. (The signed repository is
 * tools/apt-repo's.)
 */
export function indexDebs(debs: string): void {
  const index = execFileSync('apt-ftparchive', ['packages', '.'], {
    cwd: debs,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const partial = join(debs, `.Packages.${process.pid}`);
  writeFileSync(partial, index);
  renameSync(partial, join(debs, 'Packages'));
}
