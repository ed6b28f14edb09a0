import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Readable } from 'node:stream';

/**
 * All suites in one run: what `make test` calls. Each suite runs even where an earlier one failed; the last line counts
 * them all together.
 *
 * `run.ts [SUITE…]` runs some of them: static, unit, debs, repo, install, system; and these, which run only when they are
 * named: clients, original.
 */
interface Tally {
  passed: number;
  failed: number;
  /** What failed, a line each: it is said again at the end, where a log that was cut still has it. */
  names?: string[];
  /** How long each test took. */
  times?: Array<{ name: string; seconds: number }>;
}

const reports = resolve('dist', 'test-reports');
const started = Date.now();
const elapsed = (since: number): string => `${Math.round((Date.now() - since) / 1000)} s`;

/** What an error says first, with no more of a value than tells it. */
const firstLine = (text: string): string => (text.split('\n', 1)[0] ?? '').slice(0, 1500);

type Check = [name: string, command: string, args: string[]];

/** One after the other, each shown as a whole once it has ended: another suite may run beside them. */
async function checks(list: Check[]): Promise<Tally> {
  const failed: Check[] = [];
  for (const check of list) {
    const [name, command, args] = check;
    const { ok, printed } = await collected(command, args);
    console.log(`--- ${name}\n${printed}`);
    if (!ok) failed.push(check);
  }
  for (const [name] of failed) console.log(`FAILED: ${name}`);
  return {
    passed: list.length - failed.length,
    failed: failed.length,
    names: failed.map(([name]) => name),
  };
}

/** Part of what vitest's JSON reporter writes. */
interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  testResults: Array<{
    name: string;
    status: string;
    message: string;
    startTime: number;
    endTime: number;
    assertionResults: Array<{
      fullName: string;
      status: string;
      duration?: number | null;
      failureMessages: string[];
    }>;
  }>;
}

/** Each test, and of each file what its tests do not account for: the machine it boots, and what it installs. */
function timesOf({ testResults }: VitestReport): NonNullable<Tally['times']> {
  return testResults.flatMap(({ name, startTime, endTime, assertionResults }) => {
    const file = relative('.', name);
    const tests = assertionResults.map(({ fullName, duration }) => ({
      name: `${file}: ${fullName}`,
      seconds: (duration ?? 0) / 1000,
    }));
    const inTests = tests.reduce((sum, { seconds }) => sum + seconds, 0);
    return [
      ...tests,
      { name: `${file}: before and after its tests`, seconds: (endTime - startTime) / 1000 - inTests },
    ];
  });
}

async function vitest(report: string, args: string[]): Promise<Tally> {
  const file = join(reports, `${report}.json`);
  rmSync(file, { force: true });
  const { ok } = await shown('npx', [
    'vitest',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
    ...args,
  ]);
  try {
    const result = JSON.parse(readFileSync(file, 'utf8')) as VitestReport;
    // A file that could not even be loaded, or set up, has no test that failed, and is a failure all the same.
    const broken = result.testResults.filter(
      (at) => at.status === 'failed' && at.assertionResults.every(({ status }) => status !== 'failed'),
    );
    const names = [
      ...broken.map(({ name, message }) => `${relative('.', name)}: ${firstLine(message)}`),
      ...result.testResults.flatMap(({ name, assertionResults }) =>
        assertionResults
          .filter(({ status }) => status === 'failed')
          .map((at) => `${relative('.', name)}: ${at.fullName}: ${firstLine(at.failureMessages[0] ?? '')}`),
      ),
    ];
    const failed = result.numFailedTests + broken.length;
    return {
      passed: result.numPassedTests,
      failed: failed === 0 && !ok ? 1 : failed,
      names,
      times: timesOf(result),
    };
  } catch {
    return { passed: 0, failed: 1 };
  }
}

interface Ended {
  ok: boolean;
  printed: string;
}

/** Run a command and return what it printed. */
async function collected(command: string, args: string[], show = false): Promise<Ended> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  const collect = (from: Readable, to: NodeJS.WriteStream): void => {
    from.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      if (show) to.write(text);
    });
  };
  collect(child.stdout, process.stdout);
  collect(child.stderr, process.stderr);
  const status = await new Promise((resolve) => child.once('close', resolve));
  return { ok: status === 0, printed };
}

/** The same, shown while it runs: Nx says what failed on standard error. */
const shown = (command: string, args: string[]): Promise<Ended> => collected(command, args, true);

/** Models of a gigabyte, and what depends on them: `make debs` builds them, each run of the tests need not. */
const tooLarge = ['--exclude', 'tag:size:large'];

/** Run an Nx target on all projects that have it; each project counts. */
async function nx(target: string): Promise<Tally> {
  const having = ['nx', 'show', 'projects', '--with-target', target, ...tooLarge, '--json'];
  const list = spawnSync('npx', having, { encoding: 'utf8' });
  const projects = JSON.parse(list.stdout) as string[];
  if (projects.length === 0) return { passed: 0, failed: 1 };
  const all = ['nx', 'run-many', '-t', target, ...tooLarge, '--output-style=static', '--nx-bail=false'];
  const { ok, printed } = await shown('npx', all);
  if (ok) return { passed: projects.length, failed: 0 };
  // Nx ends with the tasks that failed, and those that could not be run for it: ours among them are named `project:target`.
  const ended = printed.slice(printed.lastIndexOf(`Running target ${target} for`));
  const failed = projects.filter((project) => ended.includes(`- ${project}:${target}\n`));
  for (const project of failed) console.log(`FAILED: ${project}:${target}`);
  // A run that failed and names none of them, such as one that was killed, has passed nothing.
  if (failed.length === 0) return { passed: 0, failed: projects.length };
  return {
    passed: projects.length - failed.length,
    failed: failed.length,
    names: failed.map((project) => `${project}:${target}`),
  };
}

const suites: Record<string, () => Promise<Tally>> = {
  static: () =>
    checks([
      ['formatting', 'npx', ['prettier', '--check', '.']],
      [
        'lint and import boundaries',
        'sh',
        // The rule of boundaries reads the graph that Nx keeps, and without one passes over everything: a fresh clone.
        ['-c', 'npx nx show projects >/dev/null && npx eslint --max-warnings 0 .'],
      ],
      ['types', 'npx', ['tsc', '--noEmit', '-p', 'tsconfig.json']],
      [
        'shell scripts',
        'sh',
        ['-c', "git ls-files -z | xargs -0 grep -lE '^#!.*/(ba)?sh( |$)|^#!.*env bash' | xargs shellcheck"],
      ],
    ]),
  unit: () => vitest('unit', []),
  debs: () => nx('lintian'),
  repo: () =>
    checks([['the signed repository', 'node', ['--import', 'tsx', 'tools/apt-repo/src/main.ts', 'publish']]]),
  install: () => nx('install-test'),
  system: () => vitest('system', ['-c', 'tests/vitest.config.ts']),
  clients: () => vitest('clients-run', ['-c', 'tests/contracts/clients/vitest.config.ts', 'more']),
  original: () => vitest('original-run', ['-c', 'tests/contracts/clients/vitest.config.ts', 'original']),
};
/** They take an hour, and what they install is fetched from five registries. */
const onDemand = new Set(['clients', 'original']);

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in suites));
if (unknown.length > 0) {
  console.error(`no suite named ${unknown.join(', ')}: there is ${Object.keys(suites).join(', ')}`);
  process.exit(2);
}
mkdirSync(reports, { recursive: true });
const chosen = Object.keys(suites).filter((name) =>
  wanted.length > 0 ? wanted.includes(name) : !onDemand.has(name),
);

async function judge(name: string): Promise<Tally> {
  const since = Date.now();
  console.log(`\n==> ${name}`);
  const tally = await suites[name]!();
  console.log(`==> ${name}: ${tally.passed} passed, ${tally.failed} failed after ${elapsed(since)}`);
  return tally;
}

// The unit tests wait as often as they compute, and what is checked beside them uses one processor: neither changes a file.
const together = ['static', 'unit'];
const tallies = new Map<string, Tally>();
const beside = chosen.filter((name) => together.includes(name));
await Promise.all(beside.map(async (name) => tallies.set(name, await judge(name))));
for (const name of chosen) if (!tallies.has(name)) tallies.set(name, await judge(name));

const slowest = [...tallies.values()]
  .flatMap(({ times }) => times ?? [])
  .sort((a, b) => b.seconds - a.seconds)
  .slice(0, 20);
if (slowest.length > 0) console.log('\nThe slowest twenty:');
for (const { name, seconds } of slowest) console.log(`${seconds.toFixed(1).padStart(7)} s  ${name}`);

console.log(`\nAll suites took ${elapsed(started)}.`);
for (const [name, { names }] of tallies)
  for (const what of names ?? []) console.log(`FAILED ${name}: ${what}`);
const sum = (count: (tally: Tally) => number): number =>
  [...tallies.values()].reduce((all, tally) => all + count(tally), 0);
const failed = sum((tally) => tally.failed);
console.log(`${sum((tally) => tally.passed)} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
