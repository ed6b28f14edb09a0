import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A collection with known answers, as the bench writes it for both sides to read. */
export interface Collection {
  documents: ReadonlyArray<{ id: string; title: string; text: string }>;
  questions: ReadonlyArray<{ id: string; text: string }>;
  /** Which document answers which question. */
  answers: ReadonlyArray<readonly [question: string, document: string]>;
}

/** A document, and the question that it answers: of real documentation, where one part tells what another is for. */
export interface Pair {
  id: string;
  question: string;
  text: string;
}

/** Two pages of one purpose would make one of them a wrong answer to its own question: the first stays. */
export function collectionOf(pairs: Iterable<Pair>, most = Infinity): Collection {
  const questions = new Map<string, Pair>();
  for (const pair of pairs) {
    if (questions.size === most) break;
    if (!questions.has(pair.question)) questions.set(pair.question, pair);
  }
  const chosen = [...questions.values()];
  return {
    documents: chosen.map(({ id, text }) => ({ id, title: '', text })),
    questions: chosen.map(({ id, question }) => ({ id, text: question })),
    answers: chosen.map(({ id }) => [id, id]),
  };
}

/** Orders by a hash of names: so that no subject is preferred and the choice stays the same. */
export const inChanceOrder = <T>(items: readonly T[], nameOf: (item: T) => string): T[] => {
  const keyed = items.map((item) => ({
    item,
    key: createHash('sha256').update(nameOf(item)).digest('hex'),
  }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ item }) => item);
};

export const tidy = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

/** Write a collection as a BEIR folder: corpus.jsonl, queries.jsonl, qrels/test.tsv. */
export function writeBeir(folder: string, { documents, questions, answers }: Collection): void {
  const lines = (values: object[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');
  mkdirSync(join(folder, 'qrels'), { recursive: true });
  writeFileSync(
    join(folder, 'corpus.jsonl'),
    lines(documents.map(({ id, title, text }) => ({ _id: id, title, text }))),
  );
  writeFileSync(join(folder, 'queries.jsonl'), lines(questions.map(({ id, text }) => ({ _id: id, text }))));
  const judgements = answers.map(([question, document]) => `${question}\t${document}\t1\n`);
  writeFileSync(join(folder, 'qrels/test.tsv'), `query-id\tcorpus-id\tscore\n${judgements.join('')}`);
}
