import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { NaniteError } from '@nanite/kit';
import { readBeir } from './beir';
import { readCranfield } from './cranfield';
import type { DataSet } from './data-set';

const forms = [
  { files: ['corpus.jsonl', 'queries.jsonl', 'qrels/test.tsv'], read: readBeir },
  { files: ['cran.all.1400', 'cran.qry', 'cranqrel'], read: readCranfield },
] as const;

/** @throws NaniteError `bad-data-set` with what is missing or wrong */
export async function readDataSet(folder: string): Promise<DataSet> {
  const refuse = (message: string) =>
    new NaniteError('bad-data-set', message, {
      hint: `a folder with ${forms.map(({ files }) => files.join(', ')).join(', or with ')}`,
      status: 400,
    });
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw refuse(`${folder} is not a folder`);
  for (const { files, read } of forms) {
    const there = files.filter((file) => existsSync(join(folder, file)));
    if (there.length === 0) continue;
    const missing = files.filter((file) => !there.includes(file));
    if (missing.length > 0) throw refuse(`${folder} has ${there.join(', ')} but not ${missing.join(', ')}`);
    const data = await read(folder);
    if (data.documents.length === 0) throw refuse(`${folder} has no documents`);
    if (data.questions.length === 0) throw refuse(`${folder} has no questions with a judgement`);
    return data;
  }
  throw refuse(`${folder} does not hold a test collection that is known`);
}
