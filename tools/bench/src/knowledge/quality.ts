import type { Bench, BenchResult } from '../bench';
import { build } from '../machine/build';
import { installRetrievalPeers, retrievalVenv } from '../peers/retrieval';
import { figure, markdownTable } from '../report/table';
import { Person } from './person';

type Mode = 'sparse' | 'dense' | 'hybrid';
interface Detail {
  question: string;
  measured: Record<Mode, { 'ndcg@10': number }>;
}
interface Evaluation {
  significance: Record<'sparse' | 'dense', { ratio: number; p: number }>;
}

const modes = ['sparse', 'dense', 'hybrid'] as const;
/** bge-small-en-v1.5-q over whole abstracts, measured when the limit was set. */
const denseAlone = 0.415;

async function measure(): Promise<BenchResult> {
  const person = await Person.boot('bench-quality');
  try {
    const evaluation = JSON.parse(
      await person.run('node /usr/lib/nanite/rag/eval.mjs --json --details details.json -- /srv/cranfield'),
    ) as Evaluation;
    const details = JSON.parse(await person.run('cat details.json')) as Detail[];
    const peer = JSON.parse(
      await person.run(`${retrievalVenv()}/bin/python /srv/peers/bm25s-cranfield.py /srv/cranfield`),
    ) as Record<'all' | 'even' | 'odd', number>;
    // The first question is number 0 of the even half: the half that choices were made on.
    const half = (parity: number | null) =>
      details.filter(({ question }) => parity === null || (Number(question) - 1) % 2 === parity);
    const mean = (mode: Mode, parity: number | null) => {
      const part = half(parity);
      return part.reduce((sum, { measured }) => sum + measured[mode]['ndcg@10'], 0) / part.length;
    };
    const row = (what: string, of: (parity: number | null) => number) => [
      what,
      ...[null, 0, 1].map((parity) => of(parity).toFixed(4)),
    ];
    const better = Math.max(peer.all, mean('dense', null), denseAlone);
    return {
      data: { evaluation, peer, details },
      report: [
        markdownTable(
          ['nDCG@10', 'all 225', 'half that choices were made on', 'half held out'],
          [
            row('bm25s, stemmed', (parity) =>
              parity === null ? peer.all : parity === 0 ? peer.even : peer.odd,
            ),
            ...modes.map((mode) => row(`Nanite, ${mode}`, (parity) => mean(mode, parity))),
          ],
        ),
        `Hybrid against sparse: ${figure(evaluation.significance.sparse.ratio)} times, p = ${evaluation.significance.sparse.p.toPrecision(2)}; against dense: ${figure(evaluation.significance.dense.ratio)} times, p = ${evaluation.significance.dense.p.toPrecision(2)} (paired randomisation, 20,000 rounds).`,
      ].join('\n\n'),
      targets: [
        {
          what: 'hybrid to the better of BM25 and dense alone',
          measured: mean('hybrid', null) / better,
          must: '>=',
          limit: 1.08,
          unit: '×',
        },
        {
          what: 'p against dense',
          measured: evaluation.significance.dense.p,
          must: '<=',
          limit: 0.05,
          unit: '',
        },
      ],
    };
  } finally {
    person.stop();
  }
}

export const quality: Bench = {
  name: 'quality',
  summary: 'how well passages are found on Cranfield, beside bm25s',
  isolated: false,
  async prepare({ build: wanted, progress }) {
    await installRetrievalPeers(progress);
    if (wanted) build('deb', ['nanite-rag', 'nanite-chroma', 'nanite-gateway', 'nanite-engine'], progress);
  },
  run: measure,
};
