import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface AptResult {
  status: number | null;
  /** Both streams together. */
  output: string;
}

/** A machine as apt sees it: its own lists, cache and package database in a folder, with one repository. */
export class PrivateApt {
  constructor(
    private readonly folder: string,
    options: { uri: string; keyring: string; suite?: string },
  ) {
    for (const path of [
      'etc/apt/sources.list.d',
      'etc/apt/preferences.d',
      'var/lib/apt/lists/partial',
      'var/cache/apt/archives/partial',
      'var/lib/dpkg',
    ]) {
      mkdirSync(join(folder, path), { recursive: true });
    }
    writeFileSync(join(folder, 'var/lib/dpkg/status'), '');
    // The key travels inside the source, as a copy: a change of the repository's own file must not matter.
    const key = readFileSync(options.keyring, 'utf8').trimEnd().replace(/^$/gm, '.').replace(/^/gm, ' ');
    writeFileSync(
      join(folder, 'etc/apt/sources.list.d/nanite.sources'),
      `Types: deb\nURIs: ${options.uri}\nSuites: ${options.suite ?? 'stable'}\nComponents: main contrib non-free\n` +
        `Architectures: amd64\nSigned-By:\n${key}\n`,
    );
  }

  run(program: 'apt-get' | 'apt-cache', ...args: string[]): Promise<AptResult> {
    const settings = [
      `Dir=${this.folder}`,
      `Dir::State::status=${this.folder}/var/lib/dpkg/status`,
      'APT::Sandbox::User=root',
      'APT::Architecture=amd64',
      'Acquire::Retries=0',
      'Acquire::http::Proxy=DIRECT',
      'Dir::Bin::dpkg=/usr/bin/dpkg',
      'Dir::Bin::methods=/usr/lib/apt/methods',
      'Dir::Etc::trusted=/nonexistent',
      'Dir::Etc::trustedparts=/nonexistent',
    ].flatMap((setting) => ['-o', setting]);
    return new Promise((resolve, reject) => {
      const child = spawn(program, [...settings, ...args], {
        cwd: this.folder,
        env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive' },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
      child.once('error', reject);
      child.once('close', (status) => resolve({ status, output }));
    });
  }

  update(): Promise<AptResult> {
    return this.run('apt-get', 'update');
  }

  /** Fetch a package and check it as an installation would, without unpacking it. */
  fetch(...packages: string[]): Promise<AptResult> {
    return this.run('apt-get', 'install', '--download-only', '--yes', '--no-install-recommends', ...packages);
  }
}

/** What apt complains about: its lines with E:, W: or N:. */
export const complaints = (result: AptResult): string[] =>
  result.output.split('\n').filter((line) => /^(E|W|N|Err)\b.*:/.test(line));
