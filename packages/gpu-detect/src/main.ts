import { createLog, describeError, NaniteError } from '@nanite/kit';
import { version } from '../package.json';
import { run } from './command';

const log = createLog();
try {
  process.exitCode = await run(process.argv.slice(2), version, {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    columns: process.stdout.isTTY && process.env['NO_COLOR'] === undefined ? process.stdout.columns : null,
  });
} catch (error) {
  const hint = error instanceof NaniteError ? error.hint : null;
  log.error(`${describeError(error)}${hint === null ? '' : `. ${hint}`}`);
  process.exitCode = 1;
}
