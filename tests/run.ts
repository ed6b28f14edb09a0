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
}

const reports = resolve('dist', 'test-reports');
const started = Date.now();
const elapsed = (since: number): string => `${Math.round((Date.now() - since) / 1000)} s`;

/** What an error says first, with no more of a value than tells it. */
const firstLine = (text: string): string => (text.split('\n', 1)[0] ?? '').slice(0, 1500);

function run(command: string, args: string[]): boolean {
  return spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status === 0;
}

function checks(list: Array<[name: string, command: string, args: string[]]>): Tally {
  const failed = list.filter(([name, command, args]) => {
    console.log(`--- ${name}`);
    return !run(command, args);
  });
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
    assertionResults: Array<{ fullName: string; status: string; failureMessages: string[] }>;
  }>;
}

function vitest(report: string, args: string[]): Tally {
  const file = join(reports, `${report}.json`);
  rmSync(file, { force: true });
  const ok = run('npx', [
    'vitest',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
    ...args,
  ]);
  try {
    const result = JSON.parse(readFileSync(file, 'utf8')) as VitestReport;
    // A file that could not even be loaded has no tests to count, and is a failure all the same.
    const broken = result.testResults.filter(
      (at) => at.status === 'failed' && at.assertionResults.length === 0,
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
    return { passed: result.numPassedTests, failed: failed === 0 && !ok ? 1 : failed, names };
  } catch {
    return { passed: 0, failed: 1 };
  }
}

/** Run a command, show what it prints while it does, and return that too: Nx says what failed on standard error. */
async function shown(command: string, args: string[]): Promise<{ ok: boolean; printed: string }> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  const show = (from: Readable, to: NodeJS.WriteStream): void => {
    from.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      to.write(text);
    });
  };
  show(child.stdout, process.stdout);
  show(child.stderr, process.stderr);
  const status = await new Promise((resolve) => child.once('close', resolve));
  return { ok: status === 0, printed };
}

/** Run an Nx target on all projects that have it; each project counts. */
async function nx(target: string): Promise<Tally> {
  const list = spawnSync('npx', ['nx', 'show', 'projects', '--with-target', target, '--json'], {
    encoding: 'utf8',
  });
  const projects = JSON.parse(list.stdout) as string[];
  if (projects.length === 0) return { passed: 0, failed: 1 };
  const all = ['nx', 'run-many', '-t', target, '--output-style=static', '--nx-bail=false'];
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

const suites: Record<string, () => Tally | Promise<Tally>> = {
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
const total = { passed: 0, failed: 0 };
const failures: string[] = [];
for (const [name, suite] of Object.entries(suites)) {
  if (wanted.length > 0 ? !wanted.includes(name) : onDemand.has(name)) continue;
  const since = Date.now();
  console.log(`\n==> ${name}`);
  const tally = await suite();
  console.log(`==> ${name}: ${tally.passed} passed, ${tally.failed} failed after ${elapsed(since)}`);
  total.passed += tally.passed;
  total.failed += tally.failed;
  failures.push(...(tally.names ?? []).map((what) => `${name}: ${what}`));
}
console.log(`\nAll suites took ${elapsed(started)}.`);
for (const failure of failures) console.log(`FAILED ${failure}`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
