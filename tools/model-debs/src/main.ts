import { resolve } from 'node:path';
import { describeError, NaniteError } from '@nanite/kit';
import { stageModel } from './index';

/** `main.ts FOLDER…`: lay out each folder's model in its dist/, ready for dpkg-buildpackage. */
const folders = process.argv.slice(2);
if (folders.length === 0) {
  process.stderr.write('usage: node --import tsx tools/model-debs/src/main.ts MODEL-FOLDER…\n');
  process.exitCode = 2;
}
try {
  for (const folder of folders) {
    const say = (line: string) => void process.stderr.write(`==> ${line}\n`);
    say(`Laid out ${await stageModel(resolve(folder), { say })}`);
  }
} catch (error) {
  process.stderr.write(`model-debs: ${describeError(error)}\n`);
  if (error instanceof NaniteError && error.hint !== null) process.stderr.write(`  ${error.hint}\n`);
  process.exitCode = 1;
}
