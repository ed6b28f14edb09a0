import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench, BenchOptions, BenchResult } from '../bench';
import { build } from '../machine/build';
import { figure, markdownTable } from '../report/table';
import { summarise } from '../statistics/quantile';
import { abstracts, bundled } from './embed';
import { cranfield, Person } from './person';

interface Measured {
  chunks: number;
  filled: number;
  rss: number;
  taken: Record<'hybrid' | 'sparse' | 'dense' | 'embed', number[]>;
}

export function questions(): string[] {
  return readFileSync(join(cranfield(), 'cran.qry'), 'latin1')
    .split(/^\.I .*$/m)
    .map((record) =>
      record
        .replace(/^\s*\.W\n/, '')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    )
    .filter((question) => question !== '');
}

async function measure({ quick }: BenchOptions): Promise<BenchResult> {
  const person = await Person.boot('bench-query');
  try {
    person.give('texts.json', abstracts().slice(0, quick ? 100 : 600));
    person.give('questions.json', questions().slice(0, quick ? 20 : 100));
    await bundled('queries', person.folder);
    const said = await person.run(
      `node /srv/bench/queries.mjs /srv/bench/texts.json /srv/bench/questions.json ${quick ? 5000 : 100_000} ${quick ? 1 : 3}`,
      1500,
    );
    const measured = JSON.parse(said) as Measured;
    const of = (what: keyof Measured['taken']) => summarise(measured.taken[what]);
    const row = (name: string, what: keyof Measured['taken']) => [name, ...[of(what).p50, of(what).p90, of(what).p99].map(figure)]; // prettier-ignore
    return {
      data: measured,
      report: [
        `${measured.chunks} chunks of new combinations of real sentences; vectors real for ${quick ? 100 : 600} of them and turned a little for the rest. Chroma took ${figure(measured.filled)} s to take them. ${measured.taken.hybrid.length} questions of Cranfield, 10 hits, one at a time.`,
        markdownTable(
          ['milliseconds', 'p50', 'p90', 'p99'],
          [
            row('hybrid, end to end', 'hybrid'),
            row('words alone', 'sparse'),
            row('meaning alone', 'dense'),
            row('of it the question made a vector', 'embed'),
          ],
        ),
      ].join('\n\n'),
      targets: [
        { what: 'query, p50', measured: of('hybrid').p50, must: '<=', limit: 60, unit: 'ms' },
        { what: 'query, p99', measured: of('hybrid').p99, must: '<=', limit: 150, unit: 'ms' },
      ],
    };
  } finally {
    person.stop();
  }
}

export const query: Bench = {
  name: 'query',
  summary: 'a question to 100,000 chunks, end to end',
  isolated: false,
  prepare: ({ build: wanted, progress }) => {
    if (wanted) build('deb', ['nanite-rag', 'nanite-chroma', 'nanite-gateway', 'nanite-engine'], progress);
    return Promise.resolve();
  },
  run: measure,
};
