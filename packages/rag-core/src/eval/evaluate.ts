import { parseCitation, type Hit } from '@nanite/contracts';
import type { Embedder } from '../embed';
import { retrieve } from '../retrieve';
import type { Vectors } from '../vectors';
import type { DataSet } from './data-set';
import { ndcg, pairedRandomisation, recall, reciprocalRank } from '@nanite/evaluation';
import { documentOf, throwAway } from './throw-away';

export const modes = ['sparse', 'dense', 'hybrid'] as const;
export type Mode = (typeof modes)[number];

export interface Measured {
  'ndcg@10': number;
  'recall@100': number;
  mrr: number;
}

/** One question, for whoever wants to look closer. */
export interface Detail {
  question: string;
  measured: Record<Mode, Measured>;
  /** The first hits of hybrid search: what the calibrated score says, and whether the document is relevant. */
  scores: Array<{ score: number; relevant: boolean }>;
}

export interface Evaluation {
  dataSet: string;
  documents: number;
  questions: number;
  model: string;
  measured: Record<Mode, Measured>;
  /** Of nDCG@10: hybrid against each of the others. */
  significance: Record<'sparse' | 'dense', { ratio: number; p: number }>;
  details: Detail[];
}

/** As many hits as a request may want: several may be of one document. */
const hitsWanted = 200;

/** Documents in the order of their best passages; equal passages of other documents stand right behind. */
export function documentsOf(hits: readonly Hit[]): string[] {
  const addresses = hits.flatMap(({ passage, duplicates }) => [passage.uri, ...duplicates]);
  return [...new Set(addresses.map((uri) => documentOf(parseCitation(uri)?.path.toString() ?? '/')))];
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** Index a data set, ask all its questions in three ways, and measure. */
export async function evaluate(
  data: DataSet,
  embedder: Embedder,
  vectorsOf: (index: string) => Vectors,
  progress: (stage: 'indexed' | 'asked', done: number, all: number) => void,
  signal: AbortSignal,
): Promise<Evaluation> {
  const index = await throwAway(
    data,
    embedder,
    vectorsOf,
    (done, all) => progress('indexed', done, all),
    signal,
  );
  try {
    const details: Detail[] = [];
    for (const { id, text } of data.questions) {
      const relevant = data.relevant.get(id)!;
      const measured = {} as Record<Mode, Measured>;
      let scores: Detail['scores'] = [];
      for (const mode of modes) {
        const request = { query: text, limit: hitsWanted, filter: {}, mode };
        const parts = { ...index, embedder, mayRead: () => Promise.resolve(true) };
        const { hits } = await retrieve(request, parts, signal);
        const ranking = documentsOf(hits);
        measured[mode] = {
          'ndcg@10': ndcg(ranking, relevant, 10),
          'recall@100': recall(ranking, relevant, 100),
          mrr: reciprocalRank(ranking, relevant),
        };
        scores = hits.slice(0, 5).map((hit) => ({
          score: hit.score,
          relevant: documentsOf([hit]).some((document) => relevant.has(document)),
        }));
      }
      details.push({ question: id, measured, scores });
      progress('asked', details.length, data.questions.length);
    }
    return summary(data, embedder.model, details);
  } finally {
    await index.close();
  }
}

/** Means over questions, and whether hybrid's differ from the others' by more than chance. */
export function summary(data: DataSet, model: string, details: Detail[]): Evaluation {
  const of = (mode: Mode, measure: keyof Measured) => details.map(({ measured }) => measured[mode][measure]);
  const means = (mode: Mode): Measured => ({
    'ndcg@10': mean(of(mode, 'ndcg@10')),
    'recall@100': mean(of(mode, 'recall@100')),
    mrr: mean(of(mode, 'mrr')),
  });
  const against = (mode: 'sparse' | 'dense') => ({
    ratio: mean(of('hybrid', 'ndcg@10')) / mean(of(mode, 'ndcg@10')),
    p: pairedRandomisation(of('hybrid', 'ndcg@10'), of(mode, 'ndcg@10')),
  });
  return {
    dataSet: data.name,
    documents: data.documents.length,
    questions: details.length,
    model,
    measured: { sparse: means('sparse'), dense: means('dense'), hybrid: means('hybrid') },
    significance: { sparse: against('sparse'), dense: against('dense') },
    details,
  };
}
