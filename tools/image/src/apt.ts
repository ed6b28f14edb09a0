import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NaniteError } from '@nanite/kit';
import { type Ended, runToEnd } from './program';

/** Where packages come from while an image is built. */
export interface Archives {
  /** Debian's mirror; its neighbour with `-security` at its end has the security updates. */
  mirror: string;
  /** The keys that must have signed it, as gpg exports them. */
  debianKeyring: string;
  /** Nanite's repository, as a folder. */
  repository: string;
  /** The public keys that must have signed it. */
  keyring: string;
  /** apt_preferences(5). */
  preferences: string;
}

/** One package that the image will have. */
export interface Resolved {
  name: string;
  version: string;
  ours: boolean;
}

export interface Resolution {
  packages: Resolved[];
  /** Bytes still to be fetched. */
  toFetch: number;
  /** Bytes on the disk once installed, by what the packages say of themselves. */
  installed: number;
}

export const securityMirror = (mirror: string): string => `${mirror.replace(/\/+$/, '')}-security`;

/** apt's words for packages that are not installed, though others recommend them. */
export const without = (packages: readonly string[]): string =>
  `Package: ${packages.join(' ')}\nPin: release *\nPin-Priority: -1\n`;

const untrusted = /is not signed|GPG error|signature|NO_PUBKEY|Missing key|OpenPGP/i;

/** apt with folders of its own: it sees nothing of the system that it runs on, and that system nothing of it. */
export class Apt {
  private readonly env: NodeJS.ProcessEnv;

  private constructor(
    folder: string,
    private readonly archives: Archives,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.env = { APT_CONFIG: join(folder, 'apt.conf'), LC_ALL: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive' };
  }

  /** `fetched`: where downloaded packages stay, for the next build as well. */
  static async create(
    folder: string,
    archives: Archives,
    fetched: string,
    signal?: AbortSignal,
  ): Promise<Apt> {
    for (const path of [join(folder, 'lists/partial'), join(fetched, 'partial'), join(folder, 'cache')]) {
      await mkdir(path, { recursive: true });
    }
    await writeFile(join(folder, 'status'), '');
    await writeFile(join(folder, 'sources.list'), sourceLines(archives));
    await writeFile(join(folder, 'preferences'), archives.preferences);
    await writeFile(join(folder, 'apt.conf'), configuration(folder, fetched));
    return new Apt(folder, archives, signal);
  }

  private apt(program: 'apt-get' | 'apt-cache', ...args: string[]): Promise<Ended> {
    return runToEnd(program, args, { env: this.env, signal: this.signal });
  }

  /**
   * Fetch the indices and check who signed them.
   *
   * @throws NaniteError `repository-untrusted`, `repository-unreachable`
   */
  async update(): Promise<void> {
    const { status, output } = await this.apt('apt-get', 'update', '-q', '-o', 'APT::Update::Error-Mode=any');
    if (status === 0) return;
    const said = complaints(output);
    const about = (uri: string): string[] => said.filter((line) => line.includes(uri));
    for (const uri of [this.archives.repository, this.archives.mirror]) {
      const line = about(uri).find((text) => untrusted.test(text));
      if (line !== undefined) {
        throw new NaniteError('repository-untrusted', `the repository ${uri} is not to be trusted: ${line}`, {
          hint:
            uri === this.archives.repository
              ? 'publish it again with its own key: make repo'
              : 'its signature does not fit the keys of debian-archive-keyring',
        });
      }
    }
    throw new NaniteError('repository-unreachable', `cannot read the repositories:\n  ${said.join('\n  ')}`, {
      hint: `the mirror is ${this.archives.mirror} (NANITE_DEBIAN_MIRROR); Nanite's own is ${this.archives.repository}`,
    });
  }

  /** Names of the packages that every Debian has: required and important ones. */
  async ofEveryDebian(): Promise<string[]> {
    const { output } = await this.apt('apt-cache', 'dumpavail');
    return paragraphs(output)
      .filter((one) => /^Priority: (required|important)$/m.test(one))
      .map((one) => field(one, 'Package')!);
  }

  /** The packages that a package depends on and recommends, first alternatives, without versions. */
  async wants(name: string, fields: ReadonlyArray<'Depends' | 'Recommends'>): Promise<string[]> {
    const { status, output } = await this.apt('apt-cache', 'show', '--no-all-versions', name);
    if (status !== 0) throw noSuchPackage(name);
    return fields
      .flatMap((wanted) => (field(output, wanted) ?? '').split(','))
      .map((one) => one.replace(/\|.*|\(.*/g, '').trim())
      .filter((one) => one !== '');
  }

  /**
   * All packages that installing these brings, and what they take.
   *
   * @throws NaniteError `no-such-package`, `packages-conflict`
   */
  async resolve(packages: readonly string[]): Promise<Resolution> {
    const { status, output } = await this.apt('apt-get', 'install', '-s', '-q', ...packages);
    if (status !== 0) {
      const missing = /Unable to locate package (\S+)|Package '?(\S+?)'? has no installation candidate/.exec(
        output,
      );
      if (missing !== null) throw noSuchPackage((missing[1] ?? missing[2])!);
      throw new NaniteError('packages-conflict', `these packages cannot be installed together:\n${output}`);
    }
    const sizes = await this.apt('apt-get', 'install', '--print-uris', '-q', '-y', ...packages);
    const resolved = [...output.matchAll(/^Inst (\S+) \((\S+) ([^[]*)/gm)].map((found) => ({
      name: found[1]!,
      version: found[2]!,
      ours: found[3]!.startsWith('Nanite'),
    }));
    return {
      packages: resolved,
      toFetch: amount(/Need to get (?:([\d.,]+) (\w*)B\/)?/, sizes.output),
      installed: amount(/After this operation, ([\d.,]+) (\w*)B/, sizes.output),
    };
  }

  /**
   * Check that whatever our own packages recommend of ours can be had. apt passes over a recommended package that its
   * repository lacks, and the image would lack it silently.
   *
   * @throws NaniteError `no-such-package`
   */
  async needRecommended(packages: readonly Resolved[]): Promise<void> {
    const known = new Set((await this.apt('apt-cache', 'pkgnames')).output.split('\n'));
    for (const { name } of packages.filter(({ ours }) => ours)) {
      const recommended = (await this.wants(name, ['Recommends'])).filter((other) => /^nanite-/.test(other));
      const missing = recommended.find((other) => !known.has(other));
      if (missing !== undefined) throw noSuchPackage(missing, `${name} recommends`);
    }
  }

  /**
   * Fetch packages, checking each against the index that was signed.
   *
   * @throws NaniteError `package-changed`, `download-failed`
   */
  async download(packages: readonly string[]): Promise<void> {
    const { status, output } = await this.apt(
      'apt-get',
      'install',
      '--download-only',
      '-q',
      '-y',
      ...packages,
    );
    if (status === 0) return;
    const said = complaints(output);
    const changed = /Hash Sum mismatch|Size mismatch|wrong size|unexpected size/i.test(output);
    const file = /\S+\.deb/.exec(said.join('\n'))?.[0];
    throw changed
      ? new NaniteError(
          'package-changed',
          `${file ?? 'a package'} is not the file that its repository signed:\n  ${said.join('\n  ')}`,
          { hint: 'publish the repository again: make repo' },
        )
      : new NaniteError('download-failed', `cannot fetch the packages:\n  ${said.join('\n  ')}`);
  }
}

const noSuchPackage = (name: string, who = 'the image is to have'): NaniteError =>
  new NaniteError('no-such-package', `there is no package '${name}', which ${who}`, {
    hint: 'packages are named in live-build/config/package-lists and PACKAGES=; ours must be published: make repo',
  });

const complaints = (output: string): string[] =>
  output
    .split('\n')
    .filter((line) => /^[EW]: /.test(line))
    .map((line) => line.slice(3));

const paragraphs = (text: string): string[] => text.split('\n\n');
const field = (paragraph: string, name: string): string | undefined =>
  new RegExp(`^${name}: (.*)$`, 'm').exec(paragraph)?.[1];

const units: Record<string, number> = { '': 1, k: 1e3, M: 1e6, G: 1e9 };

/** apt's `1,234 kB` in bytes; 0 where it is not said. */
function amount(pattern: RegExp, text: string): number {
  const found = pattern.exec(text);
  return found?.[1] === undefined ? 0 : Number(found[1].replaceAll(',', '')) * (units[found[2]!] ?? 1);
}

/** Where Debian's package keeps them. */
export const debianKeyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
const areas = 'main contrib non-free non-free-firmware';

/** A sources.list of Debian's mirror and of our repository. */
export function sourceLines({
  mirror,
  debianKeyring: debianKeys,
  repository,
  keyring,
}: Omit<Archives, 'preferences'>): string {
  const debian = (uri: string, suite: string): string =>
    `deb [signed-by=${debianKeys}] ${uri} ${suite} ${areas}`;
  return `${[
    debian(mirror, 'trixie'),
    debian(mirror, 'trixie-updates'),
    debian(securityMirror(mirror), 'trixie-security'),
    `deb [signed-by=${keyring}] file:${repository} stable main contrib non-free`,
  ].join('\n')}\n`;
}

function configuration(folder: string, fetched: string): string {
  // _apt may not look into the folders of a build.
  return `${[
    `Dir::State "${folder}"`,
    `Dir::State::Lists "${join(folder, 'lists')}"`,
    `Dir::State::Status "${join(folder, 'status')}"`,
    `Dir::Cache "${join(folder, 'cache')}"`,
    `Dir::Cache::Archives "${fetched}"`,
    `Dir::Etc::SourceList "${join(folder, 'sources.list')}"`,
    'Dir::Etc::SourceParts "/dev/null"',
    `Dir::Etc::Preferences "${join(folder, 'preferences')}"`,
    'Dir::Etc::PreferencesParts "/dev/null"',
    'Dir::Etc::Trusted "/dev/null"',
    'Dir::Etc::TrustedParts "/dev/null"',
    'APT::Architecture "amd64"',
    'APT::Sandbox::User "root"',
    'APT::Install-Recommends "true"',
    'Acquire::Languages "none"',
    'Acquire::AllowInsecureRepositories "false"',
    'APT::Get::AllowUnauthenticated "false"',
    'Acquire::Retries "3"',
  ].join(';\n')};\n`;
}

/** Whether a folder is a repository at all. */
export const isRepository = (folder: string): boolean => existsSync(join(folder, 'dists'));
