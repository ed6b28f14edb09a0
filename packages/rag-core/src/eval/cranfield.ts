import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NaniteError } from '@nanite/kit';
import type { DataSet } from './data-set';

interface Record {
  id: string;
  fields: Map<string, string>;
}

/** Records of SMART's format: `.I 1`, then fields that begin with `.T`, `.A`, `.B` or `.W` on a line of their own. */
function records(text: string): Record[] {
  const found: Record[] = [];
  let field: string | null = null;
  for (const line of text.split(/\r?\n/)) {
    const begin = /^\.I\s+(\S+)/.exec(line);
    const heading = /^\.([TABW])\s*$/.exec(line);
    const last = found.at(-1);
    if (begin) {
      found.push({ id: begin[1]!, fields: new Map() });
      field = null;
    } else if (heading) {
      // "Heat transfer .T" stands in no text alone on a line, but .A and .B repeat in some files: the first one counts.
      field = heading[1]!;
    } else if (last !== undefined && field !== null) {
      last.fields.set(field, `${last.fields.get(field) ?? ''}${line}\n`);
    }
  }
  return found;
}

const tidy = (text: string | undefined): string => (text ?? '').replaceAll(/\s+/g, ' ').trim();

/**
 * The Cranfield files: cran.all.1400, cran.qry, cranqrel. Questions count by their order in cran.qry, as cranqrel counts
 * them; grades 1 to 4 are relevant, and are taken alike.
 *
 * @throws NaniteError `bad-data-set`
 */
export async function readCranfield(folder: string): Promise<DataSet> {
  const read = (name: string) => readFile(join(folder, name), 'latin1');
  const documents = records(await read('cran.all.1400')).map(({ id, fields }) => ({
    id,
    title: tidy(fields.get('T')),
    text: tidy(fields.get('W')),
  }));
  const questions = records(await read('cran.qry')).map(({ fields }, at) => ({
    id: String(at + 1),
    text: tidy(fields.get('W')),
  }));
  const relevant = new Map<string, Map<string, number>>();
  for (const [at, line] of (await read('cranqrel')).split('\n').entries()) {
    const [question, document, grade] = line.trim().split(/\s+/);
    if (question === undefined || question === '') continue;
    const value = Number(grade);
    if (document === undefined || !Number.isInteger(value)) {
      throw new NaniteError('bad-data-set', `${join(folder, 'cranqrel')}:${at + 1}: expected three columns`, {
        status: 400,
      });
    }
    const of = relevant.get(question) ?? new Map<string, number>();
    relevant.set(question, of);
    if (value >= 1 && value <= 4) of.set(document, 1);
  }
  return {
    name: 'Cranfield',
    documents,
    questions: questions.filter(({ id }) => relevant.has(id)),
    relevant,
  };
}
