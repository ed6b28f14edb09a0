import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * All suites in one run: what `make test` calls. Each suite runs even where an earlier one failed; the last line counts
 * them all together.
 *
 * `run.ts [SUITE…]` runs some of them: static, unit, debs, repo, install, system.
 */
interface Tally {
  passed: number;
  failed: number;
}

const reports = resolve('dist', 'test-reports');
const started = Date.now();
const elapsed = (since: number): string => `${Math.round((Date.now() - since) / 1000)} s`;

function run(command: string, args: string[]): boolean {
  return spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status === 0;
}

function checks(list: Array<[name: string, command: string, args: string[]]>): Tally {
  const failed = list.filter(([name, command, args]) => {
    console.log(`--- ${name}`);
    return !run(command, args);
  });
  for (const [name] of failed) console.log(`FAILED: ${name}`);
  return { passed: list.length - failed.length, failed: failed.length };
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
    const result = JSON.parse(readFileSync(file, 'utf8')) as {
      numPassedTests: number;
      numFailedTests: number;
      testResults: Array<{ status: string; assertionResults: unknown[] }>;
    };
    // A file that could not even be loaded has no tests to count, and is a failure all the same.
    const broken = result.testResults.filter(
      (at) => at.status === 'failed' && at.assertionResults.length === 0,
    ).length;
    const failed = result.numFailedTests + broken;
    return { passed: result.numPassedTests, failed: failed === 0 && !ok ? 1 : failed };
  } catch {
    return { passed: 0, failed: 1 };
  }
}

/** Run an Nx target on all projects that have it; each project counts. */
function nx(target: string): Tally {
  const list = spawnSync('npx', ['nx', 'show', 'projects', '--with-target', target, '--json'], {
    encoding: 'utf8',
  });
  const projects = JSON.parse(list.stdout) as string[];
  if (projects.length === 0) return { passed: 0, failed: 1 };
  if (run('npx', ['nx', 'run-many', '-t', target, '--output-style=static', '--nx-bail=false'])) {
    return { passed: projects.length, failed: 0 };
  }
  // Something failed: ask project by project, from the cache where it passed, to count and to name them.
  const failed = projects.filter(
    (project) => !run('npx', ['nx', 'run', `${project}:${target}`, '--output-style=static']),
  );
  for (const project of failed) console.log(`FAILED: ${project}:${target}`);
  return { passed: projects.length - failed.length, failed: failed.length };
}

const suites: Record<string, () => Tally> = {
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
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in suites));
if (unknown.length > 0) {
  console.error(`no suite named ${unknown.join(', ')}: there is ${Object.keys(suites).join(', ')}`);
  process.exit(2);
}
mkdirSync(reports, { recursive: true });
const total: Tally = { passed: 0, failed: 0 };
for (const [name, suite] of Object.entries(suites)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const since = Date.now();
  console.log(`\n==> ${name}`);
  const tally = suite();
  console.log(`==> ${name}: ${tally.passed} passed, ${tally.failed} failed after ${elapsed(since)}`);
  total.passed += tally.passed;
  total.failed += tally.failed;
}
console.log(`\nAll suites took ${elapsed(started)}.`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
