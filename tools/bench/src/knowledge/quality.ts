import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { pairedRandomisation } from '@nanite/evaluation';
import type { Bench, BenchOptions, BenchResult } from '../bench';
import { build } from '../machine/build';
import { installRetrievalPeers, retrievalVenv } from '../peers/retrieval';
import { markdownTable } from '../report/table';
import type { Target } from '../report/targets';
import { writeBeir, type Collection } from './collections/collection';
import { dictionary } from './collections/dictionary';
import { frequentQuestions } from './collections/frequent-questions';
import { manualPages } from './collections/manual-pages';
import { readSmart } from './collections/smart';
import { embeddingModel } from './embedding-models';
import { cranfield as cranfieldFolder, Person } from './person';

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

interface Asked {
  name: string;
  /** As the machine sees it. */
  folder: string;
  language: 'english' | 'german' | 'french';
  /** Whether the peers' embedding model reads the language; the shipped one is English. */
  meaning: boolean;
}

async function ask(person: Person, { folder, language, meaning }: Asked): Promise<Values> {
  await person.run(
    `node /usr/lib/nanite/rag/eval.mjs --json --model ${embeddingModel().name} --details details.json -- ${folder}`,
    1800,
  );
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

const cranfield: Asked = {
  name: 'Cranfield',
  folder: '/srv/cranfield',
  language: 'english',
  meaning: true,
};

/** Collections of SMART, where they lie beside Cranfield: on them no choice is made from here (docs/decisions/0158). */
const smart = { adi: 'ADI', cisi: 'CISI', medline: 'Medline', cacm: 'CACM' } as const;
type Smart = keyof typeof smart;
const smartFolder = (which: Smart) => join(cranfieldFolder(), '..', which);

const languages = { en: 'english', de: 'german', fr: 'french' } as const;

const columnsOf = ({ name }: { name: string }): ReadonlyArray<readonly [Part, string]> =>
  name === cranfield.name
    ? [
        ['all', 'all'],
        ['even', 'even, choices made on'],
        ['odd', 'odd, held out'],
      ]
    : [['all', 'all']];

const all = [
  'cranfield',
  'adi',
  'cisi',
  'medline',
  'cacm',
  'en',
  'dictionary',
  'questions',
  'de',
  'fr',
] as const;
type Which = (typeof all)[number];

/** What is measured: all of them take more than an hour on two cores; NANITE_QUALITY names some of them. */
const wanted = (): Which[] =>
  z.array(z.enum(all)).parse((process.env['NANITE_QUALITY'] ?? all.join()).split(','));

/** Put a collection where the machine reads it; null where it is not there. */
async function laid(which: Which, person: Person, most: number): Promise<Asked | null> {
  if (which === 'cranfield') return cranfield;
  const folder = join(person.folder, which);
  const named = (name: string, collection: Collection): Asked => {
    writeBeir(folder, collection);
    const language = which === 'de' || which === 'fr' ? languages[which] : 'english';
    return { name, folder: `/srv/bench/${which}`, language, meaning: language === 'english' };
  };
  switch (which) {
    case 'dictionary':
      return named('Dictionary of Computing', await dictionary(folder, most));
    case 'questions':
      return named('FAQ of Debian', await frequentQuestions(folder));
    case 'en':
    case 'de':
    case 'fr':
      return named(`manual pages, ${which}`, await manualPages(which, folder, most));
    default:
      return existsSync(smartFolder(which)) ? named(smart[which], readSmart(smartFolder(which))) : null;
  }
}

/** The better of all single methods: the peers' and our own two. */
const bestSingle = ({ ours, peers }: Values): number =>
  Math.max(...[ours.sparse, ours.dense, peers.words, peers.meaning ?? []].map(mean));

async function measure({ quick, progress }: BenchOptions): Promise<BenchResult> {
  const person = await Person.boot('bench-quality', 'all', embeddingModel().packages);
  try {
    const most = quick ? 100 : 700;
    const found: Array<{ name: string; values: Values }> = [];
    for (const which of wanted()) {
      const collection = await laid(which, person, most);
      if (collection === null) {
        progress(`${which} is not in ${join(cranfieldFolder(), '..')}: left out`);
        continue;
      }
      const values = await ask(person, collection);
      found.push({ name: collection.name, values });
      progress(`${collection.name}:\n${table(values, columnsOf(collection))}`);
    }
    const first = found.find(({ name }) => name === cranfield.name)?.values;
    const german = found.find(({ name }) => name.endsWith(', de'))?.values;
    const overall = first && against(first, better(first), 'all');
    const english = found.filter(({ values: { peers } }) => peers.meaning !== undefined);
    const ratios = english.map(({ values }) => mean(values.ours.hybrid) / bestSingle(values));
    const targets: Target[] = [
      ...(overall
        ? [
            target('hybrid to the better of the peers, Cranfield', overall.ratio, '>=', 1.08, '×'),
            target('its p (paired randomisation)', overall.p, '<=', 0.05, ''),
          ]
        : []),
      ...(ratios.length >= 5
        ? [
            target('hybrid to the best single method, mean', mean(ratios), '>=', 1.1, '×'),
            target('hybrid to the best single method, worst', Math.min(...ratios), '>=', 1.05, '×'),
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
      data: { model: embeddingModel().name, found },
      report: [
        `Vectors of ours: ${embeddingModel().name}.`,
        markdownTable(
          ['nDCG@10', 'questions', 'bm25s', 'bge', 'sparse', 'dense', 'hybrid', 'to the best single'],
          found.map(({ name, values }) => [
            name,
            String(values.ours.hybrid.length),
            ...[
              values.peers.words,
              values.peers.meaning,
              values.ours.sparse,
              values.ours.dense,
              values.ours.hybrid,
            ].map((of) => (of === undefined ? '' : mean(of).toFixed(4))),
            (mean(values.ours.hybrid) / bestSingle(values)).toFixed(3),
          ]),
        ),
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
  summary: 'how well passages are found on ten collections, beside bm25s and whole vectors',
  isolated: false,
  async prepare({ build: wanted, progress }) {
    await installRetrievalPeers(progress);
    if (wanted) build('deb', ['nanite-rag', 'nanite-chroma', 'nanite-gateway', 'nanite-engine'], progress);
  },
  run: measure,
};
