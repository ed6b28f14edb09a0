import { existsSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeError, NaniteError } from '@nanite/kit';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type Contents, type Suite, suites } from './contents';
import { importKey, keyringName, publicKeys, secretKey, signingKey } from './key';
import { folderTarget, mirror } from './mirror';
import { type Outcome, poolSize, promote, publish, type RepoOptions, withdraw } from './publish';
import { s3Target } from './s3';
import { serveFolder } from './serve';
import { sourcesFile } from './sources';
import { verifyTree } from './verify';

const checkout = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const fromHere = (path: string): string => relative(process.cwd(), path) || '.';
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const step = (line: string): void => say(`==> ${line}`);

const count = (text: string): number => {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError('a whole number from 1 is wanted');
  return number;
};
const portNumber = (text: string): number => {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > 65535) throw new InvalidArgumentError('no port');
  return number;
};
const names = (text: string): string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);

interface TreeFlags {
  out: string;
  uri?: string;
  validDays: number;
  keep: number;
}

const repoOptions = (flags: TreeFlags): RepoOptions => ({
  tree: resolve(flags.out),
  uri: flags.uri,
  validDays: flags.validDays,
  keep: flags.keep,
  replace: false,
  progress: step,
});

const treeOption = () =>
  new Option('--out <folder>', 'the repository').default(join(checkout, 'dist/repo')).env('NANITE_REPO');
const withTreeFlags = (command: Command): Command =>
  command
    .addOption(treeOption())
    .addOption(
      new Option(
        '--uri <uri>',
        'where clients find it, for nanite.sources (default: the folder, as file://…)',
      ).env('NANITE_REPO_URI'),
    )
    .addOption(
      new Option('--valid-days <n>', 'days until clients refuse the index as too old')
        .default(30)
        .argParser(count)
        .env('NANITE_REPO_VALID_DAYS'),
    )
    .addOption(
      new Option('--keep <n>', 'versions of a package that a suite keeps')
        .default(3)
        .argParser(count)
        .env('NANITE_REPO_KEEP'),
    );

function summary(tree: string, contents: Contents): void {
  for (const suite of suites) {
    say(
      `    ${suite.padEnd(8)} ${String(new Set(contents[suite].map((one) => one.name)).size).padStart(3)} packages`,
    );
  }
  say(`    pool     ${(poolSize(contents) / 1024 / 1024).toFixed(0).padStart(3)} MiB`);
  say(`    ${fromHere(tree)}/`);
}

function report(tree: string, outcome: Outcome): void {
  step(outcome.changed ? 'Published' : 'Nothing to do: the repository says all of this already');
  summary(tree, outcome.contents);
  say(`    signed by ${outcome.key.fingerprint}`);
  say('');
  say('On a Debian 13 that sees this folder:');
  say(`    install -m 644 ${join(tree, keyringName)} /usr/share/keyrings/`);
  say(`    install -m 644 ${join(tree, 'nanite.sources')} /etc/apt/sources.list.d/`);
  say('    apt-get update && apt-get install nanite-server');
}

const suiteOption = (flags: string, about: string, preset: Suite) =>
  new Option(flags, about).choices(suites).default(preset);
const packagesOption = () =>
  new Option('--packages <names>', 'only these, separated by commas').argParser(names);

const program = new Command('apt-repo')
  .description('Publish, sign, check and send the package repository. See docs/publishing.md.')
  .showHelpAfterError();

withTreeFlags(program.command('publish'))
  .description("add the .debs of dist/debs: to this machine's own repository, or with --suite as a release")
  .option('--debs <folder>', 'folder of projects with .debs', join(checkout, 'dist/debs'))
  .addOption(
    new Option(
      '--suite <suite>',
      'a release: to this suite only, and a version that is there keeps its content (default: to every suite, and ' +
        'what was built last is what a version means)',
    ).choices(suites),
  )
  .addOption(packagesOption())
  .option('--replace', 'with --suite: let new content stand for a version that is there all the same')
  .action(
    async (flags: TreeFlags & { debs: string; suite?: Suite; packages?: string[]; replace?: boolean }) => {
      const outcome = await publish(resolve(flags.debs), {
        ...repoOptions(flags),
        to: flags.suite === undefined ? suites : [flags.suite],
        replace: flags.suite === undefined || flags.replace === true,
        only: flags.packages,
      });
      report(resolve(flags.out), outcome);
    },
  );

withTreeFlags(program.command('promote'))
  .description('give stable what testing has')
  .addOption(suiteOption('--from <suite>', 'where from', 'testing'))
  .addOption(suiteOption('--to <suite>', 'where to', 'stable'))
  .addOption(packagesOption())
  .action(async (flags: TreeFlags & { from: Suite; to: Suite; packages?: string[] }) => {
    report(resolve(flags.out), await promote({ ...repoOptions(flags), ...flags, only: flags.packages }));
  });

withTreeFlags(program.command('withdraw'))
  .description('take packages out of a suite')
  .argument('<names...>', 'packages')
  .addOption(new Option('--suite <suite>', 'where from').choices(suites).makeOptionMandatory())
  .option('--version <version>', 'only this version')
  .action(async (only: string[], flags: TreeFlags & { suite: Suite; version?: string }) => {
    const outcome = await withdraw({
      ...repoOptions(flags),
      from: flags.suite,
      only,
      version: flags.version,
    });
    report(resolve(flags.out), outcome);
  });

program
  .command('verify')
  .description('check signatures, end of validity, every index and every package')
  .addOption(treeOption())
  .option(
    '--keyring <file>',
    "public keys to trust (default: the repository's own, which proves only that it is whole)",
  )
  .action(async (flags: { out: string; keyring?: string }) => {
    const problems = await verifyTree(resolve(flags.out), { suites, keyring: flags.keyring });
    if (problems.length > 0) {
      throw new NaniteError(
        'repo-damaged',
        `${fromHere(flags.out)} is not whole:\n  ${problems.join('\n  ')}`,
        {
          hint: 'publish it again',
        },
      );
    }
    step(`${fromHere(flags.out)} is whole`);
  });

program
  .command('mirror')
  .description('make a folder or a bucket equal to the repository')
  .argument('<target>', 'a folder, or s3://bucket/prefix')
  .addOption(treeOption())
  .option('--endpoint <url>', "address of an S3 server that is not Amazon's (default: $AWS_ENDPOINT_URL_S3)")
  .option('--region <region>', 'region of the bucket (default: $AWS_REGION)')
  .action(async (to: string, flags: { out: string; endpoint?: string; region?: string }) => {
    const target = to.startsWith('s3:') ? s3Target(to, flags) : folderTarget(resolve(to));
    const outcome = await mirror(resolve(flags.out), target, step);
    step(
      `${to}: ${outcome.sent.length} files sent, ${outcome.kept} were there, ${outcome.removed.length} removed`,
    );
  });

program
  .command('serve')
  .description('serve the repository over HTTP')
  .addOption(treeOption())
  .addOption(new Option('--host <address>', 'address to listen on').default('127.0.0.1'))
  .addOption(new Option('--port <n>', 'port; 0: a free one').default(8930).argParser(portNumber))
  .action(async (flags: { out: string; host: string; port: number }) => {
    if (!existsSync(join(flags.out, 'dists'))) {
      throw new NaniteError('no-repo', `there is no repository in ${fromHere(flags.out)}`, {
        hint: 'make repo',
      });
    }
    const { uri } = await serveFolder(resolve(flags.out), flags);
    step(`${fromHere(flags.out)} is served at ${uri} until Ctrl-C. In nanite.sources:`);
    process.stdout.write(sourcesFile({ uri, suite: 'stable', architectures: ['amd64'] }));
  });

const key = program.command('key').description('the key that signs the repository (folder: $NANITE_KEYS)');
key
  .command('show')
  .description('its fingerprint; makes it where there is none')
  .action(async () => {
    const { fingerprint, folder } = await signingKey();
    say(`${folder}:`);
    process.stdout.write(`${fingerprint}\n`);
  });
key
  .command('export')
  .description('write the public key; makes the key where there is none')
  .argument('<file>')
  .action(async (file: string) => {
    await mkdir(dirname(resolve(file)), { recursive: true });
    await writeFile(file, await publicKeys(await signingKey()));
  });
key
  .command('package')
  .description('write what nanite-archive-keyring is made of: the public key and an example of a source')
  .argument('<folder>')
  .addOption(
    new Option('--uri <uri>', 'where clients find the repository')
      .env('NANITE_REPO_URI')
      .default('https://repository.invalid/nanite'),
  )
  .action(async (folder: string, flags: { uri: string }) => {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, keyringName), await publicKeys(await signingKey()));
    const example = sourcesFile({ uri: flags.uri, suite: 'stable', architectures: ['amd64'] });
    await writeFile(join(folder, 'nanite.sources'), example);
  });
key
  .command('backup')
  .description('write the secret key: keep the file where only you can read it')
  .argument('<file>')
  .action(async (file: string) => {
    await writeFile(file, await secretKey(await signingKey()), { mode: 0o600, flag: 'wx' });
    await chmod(file, 0o600);
  });
key
  .command('import')
  .description('take over a key that backup wrote')
  .argument('<file>')
  .action((file: string) => importKey(file));

try {
  await program.parseAsync();
} catch (error) {
  say(`apt-repo: ${describeError(error)}`);
  if (error instanceof NaniteError && error.hint !== null) say(`  ${error.hint}`);
  process.exitCode = 1;
}
