import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { describeError, NaniteError } from '@nanite/kit';
import { fetchSource, JoinedSource, SourceSpec } from './index';

const usage = `usage: node --import tsx tools/sources/src/main.ts fetch SPEC.json [--print MEMBER]

Fetch the files of a pinned source into $NANITE_CACHE/sources and print where they lie, as JSON
(--print: the path of one of them only).
`;

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { print: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  const [command, file] = positionals;
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  if (command !== 'fetch' || file === undefined || positionals.length > 2) {
    process.stderr.write(usage);
    return 2;
  }
  const json: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const isJoined = typeof json === 'object' && json !== null && 'parts' in json;
  const parsed = (isJoined ? JoinedSource : SourceSpec).safeParse(json);
  if (!parsed.success) {
    throw new NaniteError('bad-spec', `${file} is not a source: ${z.prettifyError(parsed.error)}`);
  }
  const { files } = await fetchSource(parsed.data, {
    say: (line) => void process.stderr.write(`==> ${line}\n`),
  });
  if (values.print === undefined) {
    process.stdout.write(`${JSON.stringify(files, null, 2)}\n`);
    return 0;
  }
  const path = files[values.print];
  if (path === undefined) throw new NaniteError('no-member', `${file} names no file ${values.print}`);
  process.stdout.write(`${path}\n`);
  return 0;
}

main(process.argv.slice(2)).then(
  (status) => (process.exitCode = status),
  (error: unknown) => {
    process.stderr.write(`sources: ${describeError(error)}\n`);
    if (error instanceof NaniteError && error.hint) process.stderr.write(`  ${error.hint}\n`);
    process.exitCode = 1;
  },
);
