import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDataSet } from './read-data-set';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'data-set-'))));
afterEach(() => rmSync(folder, { recursive: true }));
const write = (name: string, text: string) => {
  mkdirSync(join(folder, 'qrels'), { recursive: true });
  writeFileSync(join(folder, name), text);
};

describe('the form of BEIR', () => {
  beforeEach(() => {
    write('corpus.jsonl', '{"_id":"a","title":"T","text":"one"}\n{"_id":"b","text":"two","metadata":{}}\n');
    write(
      'queries.jsonl',
      '{"_id":"1","text":"q"}\n{"_id":"2","text":"unjudged"}\n{"_id":3,"text":"nothing fits"}\n',
    );
    write('qrels/test.tsv', 'query-id\tcorpus-id\tscore\n1\ta\t2\n1\tb\t0\n3\tb\t0\n');
  });

  it('is read, without questions that nobody judged', async () => {
    const data = await readDataSet(folder);
    expect(data.documents).toEqual([
      { id: 'a', title: 'T', text: 'one' },
      { id: 'b', title: '', text: 'two' },
    ]);
    expect(data.questions.map(({ id }) => id)).toEqual(['1', '3']);
    expect(data.relevant.get('1')).toEqual(new Map([['a', 2]]));
    expect(data.relevant.get('3')).toEqual(new Map());
  });

  it.each([
    ['corpus.jsonl', '{"_id":"a","text":"one"}\nnot json\n', 'corpus.jsonl:2: not a line of JSON'],
    ['queries.jsonl', '{"_id":"1"}\n', 'queries.jsonl:1: '],
    [
      'qrels/test.tsv',
      'query-id\tcorpus-id\tscore\n1\ta\tmuch\n',
      'test.tsv:2: the grade is not a number: much',
    ],
    [
      'qrels/test.tsv',
      'query-id\tcorpus-id\tscore\n1 a 1\n',
      'test.tsv:2: expected query, document and grade',
    ],
  ])('says what is wrong in %s', async (name, text, message) => {
    write(name, text);
    await expect(readDataSet(folder)).rejects.toMatchObject({
      code: 'bad-data-set',
      message: expect.stringContaining(message) as string,
    });
  });

  it('says which file is missing', async () => {
    rmSync(join(folder, 'queries.jsonl'));
    await expect(readDataSet(folder)).rejects.toThrow(
      'has corpus.jsonl, qrels/test.tsv but not queries.jsonl',
    );
  });
});

it('reads the Cranfield files: questions by their order, grades 1 to 4 alike', async () => {
  write(
    'cran.all.1400',
    '.I 1\n.T\nwings\nin air .\n.A\nada\n.B\nx\n.W\nwings in air .\nthey fly .\n.I 2\n.T\n.A\n.B\n.W\n',
  );
  write('cran.qry', '.I 001\n.W\nwhat flies .\n.I 365\n.W\nwhat else\nflies .\n');
  write('cranqrel', '1 1 3\n2 1 -1\n2 2  4\n');
  const data = await readDataSet(folder);
  expect(data.documents[0]).toEqual({ id: '1', title: 'wings in air .', text: 'wings in air . they fly .' });
  expect(data.documents[1]).toEqual({ id: '2', title: '', text: '' });
  expect(data.questions).toEqual([
    { id: '1', text: 'what flies .' },
    { id: '2', text: 'what else flies .' },
  ]);
  expect(data.relevant.get('1')).toEqual(new Map([['1', 1]]));
  expect(data.relevant.get('2')).toEqual(new Map([['2', 1]]));
});

it('refuses any other folder, and what is none', async () => {
  await expect(readDataSet(folder)).rejects.toThrow('does not hold a test collection that is known');
  await expect(readDataSet(join(folder, 'nowhere'))).rejects.toThrow('is not a folder');
});
