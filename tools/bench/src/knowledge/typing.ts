import type { Bench, BenchOptions, BenchResult } from '../bench';
import { build } from '../machine/build';
import { figure, markdownTable } from '../report/table';
import { summarise } from '../statistics/quantile';
import { abstracts, bundled } from './embed';
import { Person } from './person';
import { questions } from './query';

interface Typed {
  taken: Record<'names' | 'hybrid', number[]>;
}

async function measure({ quick }: BenchOptions): Promise<BenchResult> {
  const chunks = quick ? 5_000 : 100_000;
  const person = await Person.boot('bench-typing');
  try {
    person.give('texts.json', abstracts().slice(0, quick ? 50 : 200));
    person.give('questions.json', questions().slice(0, quick ? 5 : 30));
    await bundled('queries', person.folder);
    const { taken } = JSON.parse(
      await person.run(
        `node /srv/bench/queries.mjs /srv/bench/texts.json /srv/bench/questions.json ${chunks} 1 typing`,
        1500,
      ),
    ) as Typed;
    // Where there is no index yet: what starting the command line and asking cost, apart from the search.
    const starts = (
      await person.run(
        'nanite search warm >/dev/null 2>&1; for n in $(seq 20); do s=$(date +%s%N); nanite search --mode names her >/dev/null 2>&1; e=$(date +%s%N); echo $(( (e - s) / 1000 )); done',
      )
    )
      .trim()
      .split('\n')
      .map((microseconds) => Number(microseconds) / 1000);
    const names = summarise(taken.names);
    const row = (what: string, values: number[]) => {
      const of = summarise(values);
      return [what, ...[of.p50, of.p90, of.p99].map(figure)];
    };
    return {
      data: { taken, starts },
      report: [
        `${chunks} chunks in ${chunks / 10} files. Two words of each of ${quick ? 5 : 30} questions of Cranfield, typed letter by letter from the third: ${taken.names.length} keystrokes, 10 hits each.`,
        markdownTable(
          ['milliseconds', 'p50', 'p90', 'p99'],
          [
            row('a keystroke, as one types (`--mode names`: names, words that go on, meaning)', taken.names),
            row('the same keystrokes as whole questions (hybrid)', taken.hybrid),
            row('start of the command line and its way to the service, with an empty index', starts),
          ],
        ),
      ].join('\n\n'),
      targets: [{ what: 'a keystroke, p50', measured: names.p50, must: '<=', limit: 50, unit: 'ms' }],
    };
  } finally {
    person.stop();
  }
}

export const typing: Bench = {
  name: 'typing',
  summary: 'search as one types, in 100,000 chunks of 10,000 files',
  isolated: false,
  prepare: ({ build: wanted, progress }) => {
    const needed = ['nanite-rag', 'nanite-chroma', 'nanite-gateway', 'nanite-engine', 'nanite-cli'];
    if (wanted) build('deb', needed, progress);
    return Promise.resolve();
  },
  run: measure,
};
