import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../machine/children';

/** Unpack packages of Debian into a folder, without installing them. */
export async function unpacked(packages: readonly string[], folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await run('apt-get', ['-q', '-o', 'APT::Sandbox::User=root', 'download', ...packages], {
    cwd: folder,
    within: 300_000,
  });
  for (const deb of readdirSync(folder).filter((name) => name.endsWith('.deb'))) {
    await run('dpkg-deb', ['--extract', join(folder, deb), folder]);
  }
}
