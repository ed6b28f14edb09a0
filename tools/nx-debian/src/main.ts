import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildDeb } from './build-deb';
import { installTest } from './install-test';
import { debianProjects, withRecommended } from './projects';

const debsFolder = (project: string): string => resolve('dist/debs', project);

function lintian(project: string): void {
  const folder = debsFolder(project);
  const debs = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.deb')) : [];
  if (debs.length === 0) throw new Error(`no .debs in ${folder}: run nx deb ${project}`);
  execFileSync(
    'lintian',
    [
      '--fail-on',
      'warning,error',
      '--tag-display-limit',
      '0',
      '--allow-root',
      ...debs.map((deb) => join(folder, deb)),
    ],
    { stdio: 'inherit' },
  );
}

async function run(command: string | undefined, args: string[]): Promise<void> {
  if (command === 'deb') {
    const [folder, project, variant] = args as [string, string, string?];
    const debs =
      variant === '--demo'
        ? buildDeb(resolve(folder), resolve('dist/demo', project, 'debs'), {
            dist: resolve('dist/demo', project, 'build'),
            suffix: '~demo',
          })
        : buildDeb(resolve(folder), debsFolder(project));
    for (const deb of debs) console.log(deb);
  } else if (command === 'lintian') {
    lintian(args[0]!);
  } else if (command === 'install-test') {
    await installTest(resolve(args[0]!));
  } else if (command === 'with-recommended') {
    console.log(withRecommended(args, debianProjects(process.cwd())).join(','));
  } else {
    throw new Error(
      'usage: main.ts deb FOLDER PROJECT [--demo] | lintian PROJECT | install-test FOLDER | with-recommended PROJECT…',
    );
  }
}

try {
  const [command, ...args] = process.argv.slice(2);
  await run(command, args);
} catch (error) {
  console.error(`nx-debian: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
