import { describeError, NaniteError } from '@nanite/kit';
import { version } from '../package.json';
import { run } from './command';

const abort = new AbortController();
// A second one ends it at once.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => abort.abort());
// The reader of the text went away.
process.stdout.on('error', () => process.exit(141));

const colour = process.stdout.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
try {
  process.exitCode = await run(process.argv.slice(2), version, {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    look: { colour, width: Math.min(process.stdout.isTTY ? process.stdout.columns : 100, 100) },
    signal: abort.signal,
  });
} catch (error) {
  if (abort.signal.aborted) process.exitCode = 130;
  else {
    const hint = error instanceof NaniteError && error.hint !== null ? `\n  ${error.hint}` : '';
    process.stderr.write(`nanite-selfcheck: ${describeError(error)}${hint}\n`);
    process.exitCode = error instanceof NaniteError && error.code === 'usage' ? 2 : 1;
  }
}
