import { execFileSync, spawn } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { indexDebs } from './flat-repo';

const checkout = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const target = join(checkout, 'tools/target/target');
const debs = join(checkout, 'dist/debs');
const cache = process.env['NANITE_CACHE'] ?? '/var/cache/nanite';

/** apt's settings that make it read one list of sources and leave the other lists as they are. */
const updateFlat =
  'apt-get update -qq -o Dir::Etc::sourcelist=sources.list.d/flat.list -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0 -o APT::Sandbox::User=root';

/** apt takes an archive that it has for the one it wants if name and size are the same; ours are built again all the time. */
const dropStale =
  `for old in ${cache}/archives/nanite*.deb; do ` +
  `cmp -s "$old" "$(find ${debs} -name "\${old##*/}" | head -n1)" || rm -f "$old"; done`;

export interface InstallOptions {
  /** Also what they recommend; default false. */
  recommends?: boolean;
  /** Unpack and configure again what is there already; default false. */
  reinstall?: boolean;
}

const install = (packages: readonly string[], options: InstallOptions): string =>
  `apt-get install -y ${options.reinstall === true ? '--reinstall ' : ''}${options.recommends === true ? '--install-recommends' : '--no-install-recommends'} ${packages.join(' ')}`;

/**
 * Fetch what packages of ours in dist/debs need from Debian, for machines without a network.
 *
 * @returns what apt would install of Debian's on a clean machine, as apt takes it: `name=version`
 */
function fetchDependencies(packages: readonly string[], options: InstallOptions): string[] {
  indexDebs(debs);
  const prefetch =
    `{ ${dropStale}; echo 'deb [trusted=yes] copy:${debs} ./' >/etc/apt/sources.list.d/flat.list && ${updateFlat} && ` +
    `${install(packages, options)} -qq --download-only -o Dir::Cache::Archives=${cache}/archives -o APT::Sandbox::User=root; } >&2 && ` +
    `${install(packages, options)} --simulate`;
  const simulated = execFileSync(
    'flock',
    [`${cache}/archives.lock`, target, 'enter', '-r', 'clean', 'sh', '-c', prefetch],
    { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', maxBuffer: 1 << 26 },
  );
  return [...simulated.matchAll(/^Inst (\S+) (?:\[\S+\] )?\((\S+)/gm)]
    .filter(([, name]) => !name!.startsWith('nanite'))
    .map(([, name, version]) => `${name}=${version}`)
    .sort();
}

export interface BootOptions {
  /** `none`: a loopback interface of its own and nothing else (default); `host`: this machine's network */
  network?: 'none' | 'host';
  /** Folders seen read-only inside, as `SOURCE:DESTINATION`. */
  binds?: string[];
}

export interface RunResult {
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  input?: string;
  /** Run as this user of the machine; default root. */
  user?: string;
  /** Milliseconds; default 120,000. The command is killed past it and its code is 124. */
  timeout?: number;
  /** Throw unless the exit code is 0; default true. */
  check?: boolean;
}

/**
 * A Debian 13 with real systemd, booted over a throw-away copy of the clean root (tools/target). Ends with the process
 * that booted it at the latest.
 */
export class Machine {
  private constructor(readonly name: string) {}

  static boot(name: string, options: BootOptions = {}): Machine {
    return Machine.start(name, options, []);
  }

  /**
   * Boot a machine that has what packages of ours need from Debian, and whose apt sees dist/debs.
   *
   * What Debian gives is kept as a layer over the clean root, one for each set of packages: apt would take longer over it
   * than most tests over what they test.
   */
  static async withDependencies(
    name: string,
    packages: readonly string[],
    options: BootOptions & InstallOptions = {},
  ): Promise<Machine> {
    const machine = Machine.start(name, options, fetchDependencies(packages, options));
    await machine.seeDebs();
    return machine;
  }

  /** The same, with ours installed from dist/debs. */
  static async withPackages(
    name: string,
    packages: readonly string[],
    options: BootOptions & InstallOptions = {},
  ): Promise<Machine> {
    const machine = await Machine.withDependencies(name, packages, options);
    try {
      await machine.run(install(packages, options), { timeout: 300_000 });
    } catch (error) {
      machine.stop();
      throw error;
    }
    return machine;
  }

  private static start(name: string, options: BootOptions, installed: readonly string[]): Machine {
    const layer =
      installed.length === 0
        ? ''
        : execFileSync(target, ['layer', ...installed], {
            stdio: ['ignore', 'pipe', 'inherit'],
            encoding: 'utf8',
          }).trim();
    execFileSync(target, ['boot', name, `${debs}:/srv/debs`, ...(options.binds ?? [])], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, NANITE_TARGET_NET: options.network ?? 'none', NANITE_TARGET_LAYER: layer },
    });
    return new Machine(name);
  }

  /** A machine that is booted already, by somebody else. */
  static attach(name: string): Machine {
    return new Machine(name);
  }

  /** Run a command; a string goes through `sh -c`. */
  run(command: string | string[], options: RunOptions = {}): Promise<RunResult> {
    const argv = typeof command === 'string' ? ['sh', '-c', command] : command;
    const prefix =
      options.user === undefined
        ? []
        : ['setpriv', '--reuid', options.user, '--regid', options.user, '--init-groups', '--reset-env'];
    const child = spawn(target, ['exec', this.name, ...prefix, ...argv], { stdio: 'pipe' });
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeout ?? 120_000);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    // A command that does not read its input may end before all of it is written.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    return new Promise((done, fail) => {
      child.on('error', fail);
      child.on('close', (code) => {
        clearTimeout(timer);
        const result = {
          code: code ?? 124,
          stdout: Buffer.concat(out).toString(),
          stderr: Buffer.concat(err).toString(),
        };
        if (result.code !== 0 && options.check !== false) {
          fail(
            new Error(
              `'${argv.join(' ')}' in ${this.name} exited with ${result.code}\n${result.stdout}${result.stderr}`,
            ),
          );
        } else done(result);
      });
    });
  }

  /** Copy a file or folder of this side into a folder of the machine. */
  copy(source: string, folder: string): void {
    execFileSync(target, ['copy', this.name, source, folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  }

  /**
   * Let apt inside see dist/debs, and fetch beforehand what the packages need from Debian: a machine without a network
   * can then install them.
   */
  async prepare(packages: readonly string[], options: InstallOptions = {}): Promise<void> {
    fetchDependencies(packages, options);
    await this.seeDebs();
  }

  private async seeDebs(): Promise<void> {
    await this.run(
      `echo 'deb [trusted=yes] copy:/srv/debs ./' >/etc/apt/sources.list.d/flat.list && ${updateFlat}`,
    );
  }

  /** Install packages of ours from dist/debs by apt, with what they need from Debian. */
  async install(packages: readonly string[], options: InstallOptions = {}): Promise<RunResult> {
    await this.prepare(packages, options);
    return this.run(install(packages, options), { timeout: 300_000 });
  }

  stop(): void {
    execFileSync(target, ['stop', this.name], { stdio: ['ignore', 'ignore', 'inherit'] });
  }
}
