import { join } from 'node:path';
import type { Bench, BenchOptions, BenchResult } from '../bench';
import { Person } from '../knowledge/person';
import { build } from '../machine/build';
import { figure, markdownTable, megabytes } from '../report/table';
import { writeFiles } from './files';

/** What /srv/bench/rest.mjs (measure-rest.mjs here) says. */
interface Rested {
  /** Seconds from the last work until the service had ended. */
  untilRest: number;
  /** Of all processes of the person's units nanite-rag*, bytes. */
  rss: number;
  pss: number;
  processes: number;
  wakeUps: number;
  seconds: number;
  /** Seconds from a change at rest until it is in the index, from a question at rest until its answer, and the next. */
  change: number;
  firstAnswer: number;
  nextAnswer: number;
}

async function measure({ quick, progress }: BenchOptions): Promise<BenchResult> {
  const count = quick ? 300 : 1_000;
  const seconds = quick ? 10 : 60;
  const person = await Person.boot('bench-rest', 'words');
  try {
    progress(`writing ${count} files`);
    writeFiles(join(person.folder, 'files'), count);
    person.giveProgram(join(import.meta.dirname, 'measure-rest.mjs'), 'rest.mjs');
    progress('indexing them, waiting for rest');
    await person.run('cp -r /srv/bench/files ~/files');
    const rested = JSON.parse(await person.run(`node /srv/bench/rest.mjs ${count} ${seconds}`)) as Rested;
    return {
      data: rested,
      report: [
        `${count} text files in folders of 100, indexed as words; then nobody asks and nothing changes. Counted is every process of the person's units nanite-rag*; Chroma is not installed, where it is it ends after five minutes without a request.`,
        markdownTable(
          ['what', 'figure'],
          [
            ['from the last work until rest, s', figure(rested.untilRest)],
            ['processes at rest', String(rested.processes)],
            ['resident, MB', megabytes(rested.rss)],
            ['their share of what processes have together (PSS), MB', megabytes(rested.pss)],
            [`wake-ups in ${seconds} s`, String(rested.wakeUps)],
            ['a change at rest until it is in the index, s', figure(rested.change)],
            ['a question at rest until its answer, s', figure(rested.firstAnswer)],
            ['the next question, s', figure(rested.nextAnswer)],
          ],
        ),
      ].join('\n\n'),
      targets: [
        { what: 'idle memory, resident', measured: rested.rss / 1e6, must: '<=', limit: 60, unit: 'MB' },
        { what: `wake-ups in ${seconds} s`, measured: rested.wakeUps, must: '<=', limit: 0, unit: '' },
        { what: 'a change at rest', measured: rested.change, must: '<=', limit: 5, unit: 's' },
      ],
    };
  } finally {
    person.stop();
  }
}

export const indexRest: Bench = {
  name: 'index-rest',
  summary: 'memory and wake-ups of knowledge at rest, and how fast it is back',
  isolated: false,
  prepare: ({ build: wanted, progress }) => {
    if (wanted) build('deb', ['nanite-rag'], progress);
    return Promise.resolve();
  },
  run: measure,
};
