import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { run } from './command';
import { components, type Contents, type Suite, suites } from './contents';
import { linkFile } from './files';

/**
 * Lay out dists/ and pool/ with aptly, unsigned.
 *
 * aptly's database lives only as long as this call: the published tree itself says what each suite holds, so there is
 * no second truth to lose or to repair.
 *
 * @param tree folder to make
 * @param work scratch folder on the same file system, so that files are linked and not copied
 */
export async function layOut(
  contents: Contents,
  options: { tree: string; work: string; architectures: readonly string[] },
): Promise<void> {
  const config = join(options.work, 'aptly.json');
  await mkdir(options.work, { recursive: true });
  await writeFile(
    config,
    JSON.stringify({
      rootDir: join(options.work, 'aptly'),
      skipContentsPublishing: true,
      skipBz2Publishing: true,
      FileSystemPublishEndpoints: {
        tree: { rootDir: options.tree, linkMethod: 'hardlink', verifyMethod: 'md5' },
      },
    }),
  );
  const aptly = (...args: string[]) => run('aptly', [`-config=${config}`, ...args], { cwd: options.work });
  const repo = (suite: Suite, component: string) => `${suite}-${component}`;
  for (const suite of suites) {
    for (const component of components) {
      const name = repo(suite, component);
      await aptly('repo', 'create', name);
      const packages = contents[suite].filter((one) => one.component === component);
      if (packages.length === 0) continue;
      const folder = join(options.work, 'in', name);
      for (const one of packages) await linkFile(one.file, join(folder, one.sha256, basename(one.file)));
      await aptly('repo', 'add', name, folder);
    }
    await aptly(
      'publish',
      'repo',
      '-skip-signing',
      '-acquire-by-hash',
      `-distribution=${suite}`,
      `-architectures=${options.architectures.join(',')}`,
      `-component=${components.join(',')}`,
      ...components.map((component) => repo(suite, component)),
      'filesystem:tree:',
    );
  }
}
