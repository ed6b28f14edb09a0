import type { Bench, BenchOptions, BenchResult } from '../bench';
import { build } from '../machine/build';
import { start } from '../machine/children';
import { InstalledNanite } from '../machine/installed';
import { figure, markdownTable } from '../report/table';
import { median } from '../statistics/quantile';
import { chatModel, settleThreads } from '../tokens/model';
import { NaniteSide } from '../tokens/side';
import { generationSpeed } from '../tokens/speed';
import { buildOllama, startOllama } from './original';
import { Server } from './server';

/** Where Ollama listens; Nanite has its port. */
const port = 11435;

/** Of one side, each round. */
interface Figures {
  /** Tokens a second. */
  one: number[];
  four: number[];
  busy: number[];
  /** Milliseconds from a question to the first words, the model being loaded. */
  first: number[];
  /** Milliseconds from a question to the first words and to the end of a short answer, no model being loaded. */
  coldFirst: number[];
  coldAnswer: number[];
}
const noFigures = (): Figures => ({ one: [], four: [], busy: [], first: [], coldFirst: [], coldAnswer: [] });

const speedOf = async (server: Server, clients: number, tokens: number): Promise<number> =>
  generationSpeed((await server.together(clients, tokens)).map((answer) => ({ ...answer, promptTokens: 0 })));

async function measureSide(server: Server, into: Figures, quick: boolean): Promise<void> {
  const tokens = quick ? 64 : 200;
  into.one.push(await speedOf(server, 1, tokens));
  into.four.push(await speedOf(server, 4, tokens));
  const asked = await server.inTurn(quick ? 5 : 20, 4);
  into.first.push(median(asked.map(({ sentAt, firstTokenAt }) => (firstTokenAt - sentAt) * 1000)));
  const busy = await start('sh', ['-c', 'while :; do :; done']);
  try {
    // Few: beside a busy core two threads of Ollama's wait for each other, and give less than one token a second.
    into.busy.push(await speedOf(server, 1, quick ? 16 : 32));
  } finally {
    await busy.stop();
  }
  const cold = await server.afterLoading(16);
  into.coldFirst.push((cold.firstTokenAt - cold.sentAt) * 1000);
  into.coldAnswer.push((cold.lastTokenAt - cold.sentAt) * 1000);
}

async function measure({ quick, progress }: BenchOptions): Promise<BenchResult> {
  const rounds = quick ? 1 : 3;
  progress('booting a machine with Nanite and Ollama');
  const nanite = await InstalledNanite.boot('bench-ollama', chatModel.packages);
  try {
    await startOllama(nanite, buildOllama(), port);
    const threads = await settleThreads(
      nanite,
      new NaniteSide(nanite, chatModel.name, chatModel.id),
      quick ? 0 : 90,
      progress,
    );
    const sides = [
      { server: new Server(nanite, 11434, chatModel.name), figures: noFigures() },
      { server: new Server(nanite, port, chatModel.name), figures: noFigures() },
    ];
    for (const { server } of sides) await server.together(4, 16);
    for (let round = 0; round < rounds; round++) {
      // Who comes first changes: a machine that drifts favours neither.
      for (const { server, figures } of round % 2 === 0 ? sides : sides.toReversed()) {
        progress(`round ${round + 1} of ${rounds}, ${server === sides[0]?.server ? 'Nanite' : 'Ollama'}`);
        await measureSide(server, figures, quick);
      }
    }
    const version = (
      await nanite.machine.run('/opt/ollama/bin/ollama --version 2>&1 | tail -n 1')
    ).stdout.trim();
    const [ours, theirs] = sides.map(({ figures }) => figures) as [Figures, Figures];
    return {
      data: { threads, version, ours, theirs, versions: await nanite.versions() },
      ...report(ours, theirs, rounds, threads, version),
    };
  } finally {
    nanite.stop();
  }
}

const rows: Array<[keyof Figures, string, '>=' | '<=', number]> = [
  ['one', 'one client, tokens/s', '>=', 1.1],
  ['four', 'four clients, tokens/s', '>=', 1.1],
  ['busy', 'one client beside a busy core, tokens/s', '>=', 3],
  ['first', 'first words, ms', '<=', 1],
  ['coldFirst', 'first words, no model loaded, ms', '<=', 0.7],
  ['coldAnswer', 'answer of 16 tokens, no model loaded, ms', '<=', 0.7],
];

function report(
  ours: Figures,
  theirs: Figures,
  rounds: number,
  threads: string,
  version: string,
): Pick<BenchResult, 'report' | 'targets'> {
  const ratio = (of: keyof Figures): number => median(ours[of]) / median(theirs[of]);
  return {
    report: [
      `SmolLM2 135M, Q4_1, asked over TCP through Ollama's API, streaming, each question a new one; medians of ${rounds} rounds, sides by turns in one booted machine. Ollama (${version}) runs our llama-server with four requests at once; Nanite: ${threads}.`,
      markdownTable(
        ['what', 'Nanite', 'Ollama', 'ratio'],
        rows.map(([of, what]) => [
          what,
          figure(median(ours[of])),
          figure(median(theirs[of])),
          figure(ratio(of)),
        ]),
      ),
    ].join('\n\n'),
    targets: rows.map(([of, what, must, limit]) => ({
      what: `${what}, of Ollama's`,
      measured: ratio(of),
      must,
      limit,
      unit: '',
    })),
  };
}

export const ollama: Bench = {
  name: 'ollama',
  summary: 'speed, first words and cold start beside Ollama itself, on the same llama-server',
  isolated: false,
  prepare: ({ build: wanted, progress }) => {
    if (wanted) build('deb', chatModel.packages, progress);
    progress('building Ollama from its Go module (once)');
    buildOllama();
    return Promise.resolve();
  },
  run: measure,
};
