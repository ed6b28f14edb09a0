import { join } from 'node:path';
import { z } from 'zod';
import { pairedRandomisation } from '@nanite/evaluation';
import type { Bench, BenchOptions, BenchResult } from '../bench';
import { build } from '../machine/build';
import { installRetrievalPeers, retrievalVenv } from '../peers/retrieval';
import { markdownTable } from '../report/table';
import type { Target } from '../report/targets';
import { manualPages, type ManualLanguage } from './manual-pages';
import { Person } from './person';

type Mode = 'sparse' | 'dense' | 'hybrid';
const modes = ['sparse', 'dense', 'hybrid'] as const;

interface Detail {
  question: string;
  measured: Record<Mode, { 'ndcg@10': number }>;
}

/** nDCG@10 of each question, in the order of the questions. */
interface Values {
  ours: Record<Mode, number[]>;
  peers: { words: number[]; meaning?: number[] };
}

interface Collection {
  name: string;
  /** As the machine sees it. */
  folder: string;
  language: 'english' | 'german' | 'french';
  /** Whether the peers' embedding model reads the language; the shipped one is English. */
  meaning: boolean;
}

const snowball = { en: 'english', de: 'german', fr: 'french' } as const;

async function ask(person: Person, { folder, language, meaning }: Collection): Promise<Values> {
  await person.run(`node /usr/lib/nanite/rag/eval.mjs --json --details details.json -- ${folder}`, 1200);
  const details = JSON.parse(await person.run('cat details.json')) as Detail[];
  const model = meaning ? 'bge-small' : '-';
  const peers = JSON.parse(
    await person.run(
      `${retrievalVenv()}/bin/python /srv/peers/retrieval-quality.py ${folder} ${model} ${language}`,
      1200,
    ),
  ) as { words: Record<string, number>; meaning?: Record<string, number> };
  const of = (mode: Mode) => details.map(({ measured }) => measured[mode]['ndcg@10']);
  const inOrder = (values: Record<string, number>) => details.map(({ question }) => values[question]!);
  return {
    ours: { sparse: of('sparse'), dense: of('dense'), hybrid: of('hybrid') },
    peers: {
      words: inOrder(peers.words),
      ...(peers.meaning && { meaning: inOrder(peers.meaning) }),
    },
  };
}

const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** Every value, or those of every other question: the first question is number 0. */
const parts = {
  all: (values: readonly number[]) => [...values],
  even: (values: readonly number[]) => values.filter((_, at) => at % 2 === 0),
  odd: (values: readonly number[]) => values.filter((_, at) => at % 2 === 1),
};
type Part = keyof typeof parts;

/** How hybrid search stands to somebody on a part of the questions. */
function against(values: Values, other: readonly number[], part: Part): { ratio: number; p: number } {
  const [ours, theirs] = [parts[part](values.ours.hybrid), parts[part](other)];
  return { ratio: mean(ours) / mean(theirs), p: pairedRandomisation(ours, theirs) };
}

const compared = ({ ratio, p }: { ratio: number; p: number }) =>
  `${ratio.toFixed(3)}, p = ${p.toPrecision(2)}`;

function table(values: Values, columns: ReadonlyArray<readonly [Part, string]>): string {
  const { ours, peers } = values;
  const row = (what: string, of: readonly number[]) => [
    what,
    ...columns.map(([part]) => mean(parts[part](of)).toFixed(4)),
  ];
  const ratio = (what: string, of: readonly number[]) => [
    what,
    ...columns.map(([part]) => compared(against(values, of, part))),
  ];
  return markdownTable(
    ['nDCG@10', ...columns.map(([, name]) => name)],
    [
      row('bm25s, stemmed', peers.words),
      ...(peers.meaning ? [row('bge-small over whole documents', peers.meaning)] : []),
      ...modes.map((mode) => row(`Nanite, ${mode}`, ours[mode])),
      ratio('hybrid to bm25s', peers.words),
      ...(peers.meaning ? [ratio('hybrid to bge-small over whole documents', peers.meaning)] : []),
      ratio('hybrid to our sparse', ours.sparse),
      ratio('hybrid to our dense', ours.dense),
    ],
  );
}

/** The better of the peers on these questions. */
const better = ({ peers }: Values): readonly number[] =>
  peers.meaning !== undefined && mean(peers.meaning) > mean(peers.words) ? peers.meaning : peers.words;

const target = (
  what: string,
  measured: number,
  must: Target['must'],
  limit: number,
  unit: string,
): Target => ({ what, measured, must, limit, unit });

const cranfield: Collection = {
  name: 'Cranfield',
  folder: '/srv/cranfield',
  language: 'english',
  meaning: true,
};

const columnsOf = ({ name }: { name: string }): ReadonlyArray<readonly [Part, string]> =>
  name === cranfield.name
    ? [
        ['all', 'all'],
        ['even', 'even, choices made on'],
        ['odd', 'odd, held out'],
      ]
    : [['all', 'all']];

const Wanted = z.array(z.enum(['cranfield', 'en', 'de', 'fr']));

/** What is measured: all four take half an hour on two cores; NANITE_QUALITY names some of them. */
const wanted = (): z.infer<typeof Wanted> =>
  Wanted.parse((process.env['NANITE_QUALITY'] ?? 'cranfield,en,de,fr').split(','));

async function measure({ quick, progress }: BenchOptions): Promise<BenchResult> {
  const person = await Person.boot('bench-quality');
  try {
    const most = quick ? 100 : 700;
    const pages = async (language: ManualLanguage): Promise<Collection> => {
      const folder = join(person.folder, `manual-${language}`);
      const count = await manualPages(language, folder, most);
      progress(`${count} manual pages (${language})`);
      return {
        name: `${count} manual pages, ${language}`,
        folder: `/srv/bench/manual-${language}`,
        language: snowball[language],
        meaning: language === 'en',
      };
    };
    const found: Array<{ name: string; values: Values }> = [];
    for (const which of wanted()) {
      const collection = which === 'cranfield' ? cranfield : await pages(which);
      const values = await ask(person, collection);
      found.push({ name: collection.name, values });
      progress(`${collection.name}:\n${table(values, columnsOf(collection))}`);
    }
    const first = found.find(({ name }) => name === cranfield.name)?.values;
    const german = found.find(({ name }) => name.endsWith(', de'))?.values;
    const overall = first && against(first, better(first), 'all');
    const targets: Target[] = [
      ...(overall
        ? [
            target('hybrid to the better of the peers, Cranfield', overall.ratio, '>=', 1.08, '×'),
            target('its p (paired randomisation)', overall.p, '<=', 0.05, ''),
          ]
        : []),
      ...(german
        ? [
            target(
              'words alone to bm25s, German',
              mean(german.ours.sparse) / mean(german.peers.words),
              '>=',
              1,
              '×',
            ),
          ]
        : []),
    ];
    return {
      data: found,
      report: [
        ...found.map(({ name, values }) =>
          [`${name}, ${values.ours.hybrid.length} questions:`, table(values, columnsOf({ name }))].join(
            '\n\n',
          ),
        ),
        'p: two-sided paired randomisation over questions, 20,000 rounds (0.00005 is the least that it gives).',
      ].join('\n\n'),
      targets,
    };
  } finally {
    person.stop();
  }
}

export const quality: Bench = {
  name: 'quality',
  summary: 'how well passages are found on Cranfield and manual pages, beside bm25s and whole vectors',
  isolated: false,
  async prepare({ build: wanted, progress }) {
    await installRetrievalPeers(progress);
    if (wanted) build('deb', ['nanite-rag', 'nanite-chroma', 'nanite-gateway', 'nanite-engine'], progress);
  },
  run: measure,
};
