import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeError, NaniteError } from '@nanite/kit';
import { conditions } from '../machine/conditions';
import { checkout } from '../peers/cache';
import { markdownReport } from '../report/report';
import { measureImage } from './image';

const usage = `usage: main.ts [--rounds N] [--memory MIB]

Boots the newest image of dist/images/ and a plain Debian one of the same live-build in turns, and compares. Apart from the
other benches because QEMU is in the image root only: make bench-image.

  --rounds N    boots of each; default 2
  --memory MIB  default 3072
`;

const say = (message: string): void => void process.stderr.write(`==> ${message}\n`);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '2' },
      memory: { type: 'string', default: '3072' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return void process.stdout.write(usage);
  const rounds = Number(values.rounds);
  const where = conditions(`make bench-image BENCH="--rounds ${rounds}"`);
  if (where.loadBefore > 0.5) {
    say(`load average is ${where.loadBefore.toFixed(2)}: other programs disturb what is measured`);
  }
  const started = Date.now();
  const result = await measureImage({ rounds, memory: Number(values.memory), progress: say });
  const seconds = (Date.now() - started) / 1000;
  const folder = join(checkout, 'dist/bench');
  mkdirSync(folder, { recursive: true });
  const { data, targets } = result;
  writeFileSync(
    join(folder, 'image.json'),
    `${JSON.stringify({ name: 'image', conditions: where, seconds, targets, data }, null, 1)}\n`,
  );
  const what = { name: 'image', summary: 'power-on to desktop, and size' };
  const report = markdownReport(what, where, result, rounds < 2, seconds);
  writeFileSync(join(folder, 'image.md'), report);
  process.stdout.write(`\n${report}\n`);
}

try {
  await main();
} catch (error) {
  const hint = error instanceof NaniteError && error.hint !== null ? ` (${error.hint})` : '';
  process.stderr.write(`bench-image: ${describeError(error)}${hint}\n`);
  process.exitCode = 1;
}
