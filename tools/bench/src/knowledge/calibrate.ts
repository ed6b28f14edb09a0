import { join } from 'node:path';
import type { Bench, BenchOptions, BenchResult } from '../bench';
import { build } from '../machine/build';
import { markdownTable } from '../report/table';
import { writeBeir, type Collection } from './collections/collection';
import { manualPages } from './collections/manual-pages';
import { bundled } from './embed';
import { embeddingModel } from './embedding-models';
import { fitLogistic, probabilityOf } from './logistic';
import { Person } from './person';

/** A hit, and what its score rests on. */
interface Seen {
  collection: string;
  asked: string;
  question: number;
  cosine: number;
  coverage: number;
  relevant: boolean;
}

/** Pages of one language as answers to the questions of another: translations have the names of what they translate. */
function across(pages: Collection, questions: Collection): Collection {
  const there = new Set(pages.documents.map(({ id }) => id));
  const asked = questions.questions.filter(({ id }) => there.has(id));
  return { documents: pages.documents, questions: asked, answers: asked.map(({ id }) => [id, id]) };
}

/** Probability of the best passage from which a question is answered: by meaning, and by words alone (docs/decisions/0109). */
const thresholds = [0.12, 0.3] as const;

const known = ({ cosine, coverage }: Seen): number[] => [cosine, coverage];
const share = (part: readonly unknown[], all: readonly unknown[]): string =>
  (part.length / Math.max(1, all.length)).toFixed(3);

/** Of predictions between bounds, how many were so. */
function reliability(weights: readonly number[], seen: readonly Seen[]): string {
  const bounds = [0, 0.2, 0.4, 0.6, 0.8, 1];
  const columns = bounds.slice(0, -1).map((from, at) => {
    const within = seen.filter((one) => {
      const p = probabilityOf(weights, known(one));
      return p >= from && p < bounds[at + 1]!;
    });
    return { name: `${from}–${bounds[at + 1]}`, so: share(within.filter(({ relevant }) => relevant), within), of: within.length }; // prettier-ignore
  });
  return markdownTable(
    ['predicted', ...columns.map(({ name }) => name)],
    [
      ['relevant', ...columns.map(({ so }) => so)],
      ['hits', ...columns.map(({ of }) => String(of))],
    ],
  );
}

/** Questions whose best hit reaches each threshold, by who was asked. */
function answered(weights: readonly number[], seen: readonly Seen[]): string {
  const best = new Map<string, { group: string; p: number }>();
  for (const one of seen) {
    const group = one.asked === one.collection ? one.collection : `${one.asked} asked of ${one.collection}`;
    const key = `${group} ${one.question}`;
    const p = Math.max(best.get(key)?.p ?? 0, probabilityOf(weights, known(one)));
    best.set(key, { group, p });
  }
  const groups = [...new Set([...best.values()].map(({ group }) => group))];
  return markdownTable(
    ['share of questions with a hit from', 'questions', ...thresholds.map(String)],
    groups.map((group) => {
      const of = [...best.values()].filter((one) => one.group === group);
      return [group, String(of.length), ...thresholds.map((least) => share(of.filter(({ p }) => p >= least), of))]; // prettier-ignore
    }),
  );
}

async function measure({ quick, progress }: BenchOptions): Promise<BenchResult> {
  const { name: model, packages } = embeddingModel();
  const most = quick ? 60 : 200;
  const person = await Person.boot('bench-calibrate', 'all', packages);
  try {
    const pages = async (language: 'en' | 'de' | 'fr') =>
      manualPages(language, join(person.folder, `pages-${language}`), most);
    const [english, german, french] = [await pages('en'), await pages('de'), await pages('fr')];
    const laid = Object.entries({
      en: english,
      de: german,
      fr: french,
      'de on en': across(english, german),
    });
    for (const [name, collection] of laid)
      writeBeir(join(person.folder, name.replaceAll(' ', '-')), collection);
    person.give('plan.json', {
      model,
      folders: {
        Cranfield: '/srv/cranfield',
        ...Object.fromEntries(laid.map(([name]) => [name, `/srv/bench/${name.replaceAll(' ', '-')}`])),
      },
      collections: ['en', 'de', 'fr'].map((name) => ({
        name,
        sharers: name === 'en' ? ['de on en'] : [],
        strangers: ['Cranfield'],
      })),
    });
    await bundled('probability', person.folder);
    progress('every collection is asked what it answers and what it does not');
    const seen = JSON.parse(
      await person.run('node /srv/bench/probability.mjs /srv/bench/plan.json', 3600),
    ) as Seen[];
    const half = (rest: number) => seen.filter(({ question }) => question % 2 === rest);
    const weights = fitLogistic(half(0).map((one) => ({ known: known(one), so: one.relevant })));
    const other = half(1);
    return {
      data: { model, weights, seen },
      report: [
        `${model}: probability that a hit answers = 1 / (1 + exp(-z)), z = ${weights.map((weight, at) => `${weight.toFixed(2)}${['', ' · cosine', ' · coverage'][at]}`).join(' + ')}. Fitted on the first five hits of every other question, ${half(0).length} of them; on the other half:`,
        reliability(weights, other),
        answered(weights, other),
      ].join('\n\n'),
      targets: [],
    };
  } finally {
    person.stop();
  }
}

export const calibrate: Bench = {
  name: 'calibrate',
  summary: 'what cosines of an embedding model say of how probable a hit is',
  isolated: false,
  prepare({ build: wanted, progress }) {
    if (wanted) build('deb', ['nanite-rag', 'nanite-chroma', 'nanite-gateway', 'nanite-engine'], progress);
    return Promise.resolve();
  },
  run: measure,
};
