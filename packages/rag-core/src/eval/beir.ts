import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { NaniteError, schemaErrorText } from '@nanite/kit';
import { z } from 'zod';
import type { DataSet } from './data-set';

const Id = z.union([z.string().min(1), z.number()]).transform(String);
const Document = z.looseObject({ _id: Id, title: z.string().nullish(), text: z.string() });
const Question = z.looseObject({ _id: Id, text: z.string() });

const wrong = (file: string, line: number, why: string, cause?: unknown) =>
  new NaniteError('bad-data-set', `${file}:${line}: ${why}`, { status: 400, cause });

async function* linesOf(file: string): AsyncGenerator<{ line: string; number: number }> {
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    number += 1;
    if (line.trim() !== '') yield { line, number };
  }
}

async function jsonLines<T>(file: string, schema: z.ZodType<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const { line, number } of linesOf(file)) {
    try {
      values.push(schema.parse(JSON.parse(line)));
    } catch (cause) {
      const why = schemaErrorText(cause, 'it') ?? 'not a line of JSON';
      throw wrong(file, number, why, cause);
    }
  }
  return values;
}

/**
 * A folder in the form of BEIR: corpus.jsonl, queries.jsonl, qrels/test.tsv (a header line, then query, document and
 * grade with tabs between). Questions without a judgement are left out, as BEIR's own evaluation does.
 *
 * @throws NaniteError `bad-data-set`, with file and line
 */
export async function readBeir(folder: string): Promise<DataSet> {
  const relevant = new Map<string, Map<string, number>>();
  const judgements = join(folder, 'qrels/test.tsv');
  for await (const { line, number } of linesOf(judgements)) {
    const [question, document, grade, ...more] = line.split('\t').map((part) => part.trim());
    if (question === undefined || document === undefined || more.length > 0 || grade === undefined) {
      throw wrong(judgements, number, 'expected query, document and grade with tabs between');
    }
    const value = Number(grade);
    if (!Number.isFinite(value)) {
      if (number === 1) continue;
      throw wrong(judgements, number, `the grade is not a number: ${grade}`);
    }
    const of = relevant.get(question) ?? new Map<string, number>();
    relevant.set(question, of);
    if (value > 0) of.set(document, value);
  }
  const documents = await jsonLines(join(folder, 'corpus.jsonl'), Document);
  const questions = await jsonLines(join(folder, 'queries.jsonl'), Question);
  return {
    name: 'BEIR',
    documents: documents.map(({ _id, title, text }) => ({ id: _id, title: title ?? '', text })),
    questions: questions.filter(({ _id }) => relevant.has(_id)).map(({ _id, text }) => ({ id: _id, text })),
    relevant,
  };
}
