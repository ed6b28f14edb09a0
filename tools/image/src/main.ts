import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publicKeys, signingKey, sourcesFile, withLock } from '@nanite/apt-repo';
import { describeError, NaniteError } from '@nanite/kit';
import { Command, Option } from 'commander';
import { debianKeyring } from './apt';
import { build } from './build';
import { modelsOnMedium, plain, type Models } from './variant';

const checkout = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const say = (line: string): void => void process.stderr.write(`${line}\n`);

interface Flags {
  flavour: string;
  models: Models;
  packages: string[];
  repository: string;
  keyring?: string;
  mirror?: string;
  debianKeyring: string;
  uri?: string;
  images: string;
  cache: string;
  configuration: string;
  checkOnly?: boolean;
}

const version = (): string =>
  (
    JSON.parse(readFileSync(join(checkout, 'packages/release/package.json'), 'utf8')) as {
      version: string;
    }
  ).version;

const environment = (name: string): string | undefined => {
  const value = process.env[name];
  return value === undefined || value === '' ? undefined : value;
};

/** nanite.sources of the installed system. Without an address it is there, switched off, to be filled in. */
const sourcesOf = (uri: string | undefined): string => {
  const text = sourcesFile({
    uri: uri ?? 'https://repository.invalid/nanite',
    suite: 'stable',
    architectures: ['amd64'],
  });
  return uri === undefined
    ? `# This image was built without the address of a repository of Nanite (NANITE_REPO_URI).\nEnabled: no\n${text}`
    : text;
};

async function make(flags: Flags): Promise<void> {
  const started = Date.now();
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interrupt.abort(new NaniteError('interrupted', 'the build was interrupted')));
  }
  if (flags.mirror === undefined) {
    throw new NaniteError('no-mirror', "this machine's apt names no mirror of Debian", {
      hint: 'say which: NANITE_DEBIAN_MIRROR=http://…/debian',
    });
  }
  const mirror = flags.mirror.replace(/\/+$/, '');
  const cache = join(resolve(flags.cache), 'image');
  const built = await withLock(
    join(cache, 'lock'),
    async () =>
      build({
        variant: {
          flavour: flags.flavour,
          // What is measured against is Debian alone.
          models: flags.flavour === plain ? 'none' : flags.models,
          extra: flags.packages,
          version: version(),
        },
        configuration: resolve(flags.configuration),
        repository: resolve(flags.repository),
        keys:
          flags.keyring === undefined
            ? await publicKeys(await signingKey())
            : await readFile(flags.keyring, 'utf8'),
        mirror,
        debianKeyring: flags.debianKeyring,
        images: resolve(flags.images),
        cache,
        sources: sourcesOf(flags.uri),
        signal: interrupt.signal,
        checkOnly: flags.checkOnly,
        progress: (line) =>
          say(`\u001b[1m==>\u001b[0m [${Math.round((Date.now() - started) / 1000)} s] ${line}`),
      }),
    'another image is being built',
  );
  if (built === undefined) return say('Everything that the image needs is there and is what was signed.');
  const path = relative(process.cwd(), built.image);
  say(
    `\n${path}\n    ${(built.bytes / 1e6).toFixed(0)} MB, ${built.packages} packages, ${Math.round(built.seconds)} s`,
  );
  say(`    sha256 ${built.sha256}`);
}

const program = new Command('image')
  .description('Make the bootable image with live-build. See docs/image.md.')
  .showHelpAfterError()
  .option('--flavour <name>', 'which: a section of live-build/config/package-lists', 'desktop')
  .addOption(
    new Option('--models <which>', 'models on the medium').choices(modelsOnMedium).default('offline'),
  )
  .addOption(
    new Option('--packages <names>', 'more packages, separated by blanks')
      .argParser((text: string) => text.split(/[\s,]+/).filter(Boolean))
      .default([], ''),
  )
  .option('--repository <folder>', "Nanite's repository", join(checkout, 'dist/repo'))
  .option('--keyring <file>', 'public keys that must have signed it (default: that of $NANITE_KEYS)')
  .addOption(new Option('--mirror <uri>', "Debian's mirror").env('NANITE_DEBIAN_MIRROR'))
  .option('--debian-keyring <file>', 'the keys that must have signed that', debianKeyring)
  .option('--uri <uri>', 'where the installed system finds the repository', environment('NANITE_REPO_URI'))
  .option('--images <folder>', 'where the image goes', join(checkout, 'dist/images'))
  .addOption(
    new Option('--cache <folder>', 'where layers and fetched packages stay')
      .env('NANITE_CACHE')
      .default('/var/cache/nanite'),
  )
  .option('--configuration <folder>', "live-build's configuration", join(checkout, 'live-build'))
  .option('--check-only', 'resolve, fetch and check everything, and build nothing')
  .action(make);

try {
  await program.parseAsync();
} catch (error) {
  say(`\nimage: ${describeError(error)}`);
  if (error instanceof NaniteError && error.hint !== null) say(`  ${error.hint}`);
  if (existsSync(join(checkout, 'dist/images'))) say('  No image was made.');
  process.exitCode = error instanceof NaniteError && error.code === 'interrupted' ? 130 : 1;
}
