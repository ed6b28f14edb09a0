import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { NaniteError, describeError } from '@nanite/kit';
import type { Bench } from './bench';
import { benches } from './index';
import { typescript } from './load';
import { conditions } from './machine/conditions';
import { checkout } from './peers/cache';
import { markdownReport } from './report/report';

const results = join(checkout, 'dist/bench');
/** Set in a process that already has a network namespace of its own. */
const isolated = process.env['NANITE_BENCH_ISOLATED'] === '1';
const say = (message: string): void => void process.stderr.write(`==> ${message}\n`);

const usage = (): string =>
  [
    'usage: main.ts [NAME…] [--quick] [--no-build]',
    '',
    'Measures Nanite beside its peers; without names, everything. Results go to dist/bench/.',
    'Run it inside the build root: make bench, or tools/target/target enter node --import tsx tools/bench/src/main.ts',
    '',
    ...benches.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`),
    '',
    '  --quick     few and short rounds: shows that it works; its figures are not to be reported',
    '  --no-build  measure what lies in dist/ as it is',
  ].join('\n');

function chosen(names: string[]): Bench[] {
  if (names.length === 0) return benches;
  return names.map((name) => {
    const bench = benches.find((one) => one.name === name);
    if (bench !== undefined) return bench;
    throw new NaniteError('unknown-bench', `no bench is named ${name}`, {
      hint: `there are ${benches.map((one) => one.name).join(', ')}`,
    });
  });
}

/** Run one bench in a network namespace with nothing but loopback: its ports are free, and no packet leaves. */
function runIsolated(name: string, quick: boolean): void {
  const again = [
    process.execPath,
    ...typescript,
    fileURLToPath(import.meta.url),
    name,
    ...(quick ? ['--quick'] : []),
  ];
  const { status } = spawnSync(
    'unshare',
    ['--net', '--', 'sh', '-c', 'ip link set lo up && exec "$@"', 'bench', ...again],
    { stdio: 'inherit', env: { ...process.env, NANITE_BENCH_ISOLATED: '1' } },
  );
  if (status !== 0) throw new NaniteError('bench-failed', `${name} ended with ${status}`);
}

async function measure(bench: Bench, quick: boolean): Promise<void> {
  const command = `make bench, or tools/target/target enter node --import tsx tools/bench/src/main.ts ${bench.name}${quick ? ' --quick' : ''}`;
  const where = conditions(command);
  if (where.loadBefore > 0.5)
    say(`load average is ${where.loadBefore.toFixed(2)}: other programs disturb what is measured`);
  const started = Date.now();
  const result = await bench.run({ quick, build: false, progress: say });
  const seconds = (Date.now() - started) / 1000;
  mkdirSync(results, { recursive: true });
  const { data, targets } = result;
  writeFileSync(
    join(results, `${bench.name}.json`),
    `${JSON.stringify({ name: bench.name, quick, conditions: where, seconds, targets, data }, null, 1)}\n`,
  );
  const report = markdownReport(bench, where, result, quick, seconds);
  writeFileSync(join(results, `${bench.name}.md`), report);
  process.stdout.write(`\n${report}\n`);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      'no-build': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${usage()}\n`);
    return;
  }
  if (process.env['NANITE_TARGET_ROOT'] !== 'build') {
    throw new NaniteError('not-in-root', 'benches run inside the build root', { hint: 'make bench' });
  }
  const { quick, 'no-build': asItIs } = values;
  const build = !asItIs;
  const wanted = chosen(positionals);
  const failures: string[] = [];
  for (const bench of wanted) {
    try {
      if (!isolated) {
        say(`${bench.name}: ${bench.summary}`);
        await bench.prepare({ quick, build, progress: say });
      }
      if (bench.isolated && !isolated) runIsolated(bench.name, quick);
      else await measure(bench, quick);
    } catch (error) {
      // The others can still be measured.
      failures.push(bench.name);
      process.stderr.write(`bench: ${bench.name}: ${describeError(error)}\n`);
      if (error instanceof NaniteError && error.hint !== null) process.stderr.write(`  ${error.hint}\n`);
    }
  }
  if (!isolated) say(`results are in ${results}`);
  // Children that did not end are ended by the exit handler.
  process.exit(failures.length === 0 ? 0 : 1);
}

await main().catch((error: unknown) => {
  process.stderr.write(`bench: ${describeError(error)}\n`);
  if (error instanceof NaniteError && error.hint !== null) process.stderr.write(`  ${error.hint}\n`);
  process.exit(2);
});
