/**
 * How long detection takes: detect() alone, and the whole process from start to report, over the machines of the tests.
 *
 *     tools/target/target enter npx tsx packages/gpu-detect/bench.ts
 *
 * The whole process is the bundle (`nx run nanite-gpu-detect:build` first). Prints a table; writes
 * dist/bench/gpu-detect.json.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { layOut, machineNames, readMachine, removeTree, toolAnswers } from './src/__fixtures__/machine';
import { detect } from './src/detect';

const here = dirname(fileURLToPath(import.meta.url));
const program = join(here, 'dist/main.mjs');

function milliseconds(work: () => unknown, times: number): number[] {
  const taken: number[] = [];
  for (let round = 0; round < times; round++) {
    const start = process.hrtime.bigint();
    work();
    taken.push(Number(process.hrtime.bigint() - start) / 1e6);
  }
  return taken.sort((a, b) => a - b);
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

const run = (...argv: string[]): unknown => execFileSync(process.execPath, argv, { stdio: 'ignore' });

const rows = [...machineNames, '/'].map((name) => {
  const machine = name === '/' ? null : readMachine(name);
  const root = machine === null ? '/' : layOut(machine);
  const tools = machine === null ? {} : toolAnswers(machine);
  const [first = Number.NaN] = milliseconds(() => detect(root, tools), 1);
  const warm = milliseconds(() => detect(root, tools), 50);
  const whole = existsSync(program)
    ? milliseconds(() => run(program, '--json', '--no-tools', '--root', root), 9)
    : [];
  if (machine !== null) removeTree(root);
  return { machine: name, first, p50: at(warm, 0.5), p99: at(warm, 0.99), process: at(whole, 0.5) };
});
const bare = at(
  milliseconds(() => run('-e', ''), 9),
  0.5,
);

const shown = rows.map((row) => ({
  machine: row.machine,
  'detect() first': row.first.toFixed(1),
  p50: row.p50.toFixed(1),
  p99: row.p99.toFixed(1),
  'whole process': row.process.toFixed(0),
}));
console.table(shown);
console.log(`milliseconds; a Node that does nothing: ${bare.toFixed(0)}`);
const worst = rows.reduce((a, b) => (b.p50 > a.p50 ? b : a));
console.log(`slowest: ${worst.machine}, detect() ${worst.p50.toFixed(1)} ms`);
const results = join(here, '../../dist/bench');
mkdirSync(results, { recursive: true });
writeFileSync(join(results, 'gpu-detect.json'), `${JSON.stringify({ rows, bare }, null, 2)}\n`);
