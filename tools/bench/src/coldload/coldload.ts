import type { Bench, BenchOptions, BenchResult } from '../bench';
import { build } from '../machine/build';
import { InstalledNanite } from '../machine/installed';
import { memoryOf, type Memory } from '../machine/usage';
import { figure, markdownTable, megabytes } from '../report/table';
import { median } from '../statistics/quantile';
import { chatModel } from '../tokens/model';
import { complete } from '../tokens/completion';
import { bytesRead, dropFromCache } from './page-cache';

const services = ['nanite-gateway.service', 'nanite-engine.service'] as const;

/** What a start reads that a first start after boot finds on the disk only. */
const files = {
  worker: ['/usr/lib/nanite/llama', chatModel.weights],
  everything: ['/usr/lib/nanite', '/usr/bin/node', '/usr/lib/x86_64-linux-gnu/', chatModel.weights],
} as const;

/** Who runs `nanite ask`. */
const person = 'bench';

const starts = ['worker runs', 'no worker', 'no worker, nor services'] as const;
type Start = (typeof starts)[number];

/** Seconds from the sending of a question to the first token of its answer. */
async function firstToken(nanite: InstalledNanite): Promise<number> {
  const { sentAt, firstTokenAt } = await complete({
    socketPath: nanite.gatewaySocket,
    model: chatModel.name,
    prompt: 'The capital of France is',
    tokens: 4,
  });
  return firstTokenAt - sentAt;
}

async function unload(nanite: InstalledNanite): Promise<void> {
  await nanite.gateway.load(chatModel.name, 0);
  for (let i = 0; i < 100; i++) {
    if ((await nanite.pidsOf('nanite-model@*.service')).length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the worker did not end after keep_alive 0');
}

async function prepareStart(nanite: InstalledNanite, from: Start): Promise<void> {
  if (from === 'worker runs') {
    await firstToken(nanite);
    return;
  }
  await unload(nanite);
  if (from === 'no worker, nor services') await nanite.machine.run(`systemctl stop ${services.join(' ')}`);
}

/** Seconds that `nanite ask` takes as a person runs it, its own start included. */
async function ask(nanite: InstalledNanite): Promise<number> {
  const { stdout } = await nanite.machine.run(
    'from=$(date +%s%N); nanite ask "What is the capital of France?" >/dev/null 2>&1 || exit 1; echo $(($(date +%s%N) - from))',
    { user: person },
  );
  return Number(stdout) / 1e9;
}

const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

async function measure({ quick, progress }: BenchOptions): Promise<BenchResult> {
  const rounds = quick ? 1 : 3;
  progress('booting a machine and installing Nanite');
  const nanite = await InstalledNanite.boot('bench-coldload', chatModel.packages);
  try {
    // Measuring threads in the background would run into the starts that are timed.
    await nanite.machine.run(
      `useradd --create-home ${person} && ` +
        "mkdir -p /etc/nanite/config.d && printf 'engine:\\n  measure: false\\n' >/etc/nanite/config.d/bench.yaml && " +
        `systemctl restart ${services.join(' ')}`,
    );
    const first = { seconds: await firstToken(nanite) };
    const rows: Array<{ from: Start; cache: 'warm' | 'cold'; seconds: number[]; read: number[] }> = [];
    for (const from of starts) {
      for (const cache of from === 'worker runs' ? (['warm'] as const) : (['warm', 'cold'] as const)) {
        rows.push({ from, cache, seconds: [], read: [] });
      }
    }
    for (let round = 0; round < rounds; round++) {
      for (const row of rows) {
        progress(`round ${round + 1} of ${rounds}: ${row.from}, page cache ${row.cache}`);
        await prepareStart(nanite, row.from);
        if (row.cache === 'cold') {
          await dropFromCache(nanite, row.from === 'no worker' ? files.worker : files.everything);
        }
        row.seconds.push(await firstToken(nanite));
        if (row.from !== 'worker runs')
          row.read.push(bytesRead(await nanite.pidsOf('nanite-model@*.service')));
      }
    }

    const asked: Record<string, number[]> = { 'worker runs': [], 'no worker, nor services': [] };
    for (let round = 0; round < rounds; round++) {
      for (const [from, seconds] of Object.entries(asked)) {
        progress(`round ${round + 1} of ${rounds}: nanite ask, ${from}`);
        await prepareStart(nanite, from as Start);
        seconds.push(await ask(nanite));
      }
    }

    progress('looking at memory');
    const memory: Record<string, Memory> = {};
    const look = async (when: string): Promise<void> => {
      for (const [what, unit] of [
        ['gateway', 'nanite-gateway.service'],
        ['engine', 'nanite-engine.service'],
        ['worker', 'nanite-model@*.service'],
        ['all of nanite-*', 'nanite-*.service'],
      ] as const) {
        memory[`${when}: ${what}`] = memoryOf(await nanite.pidsOf(unit));
      }
    };
    await firstToken(nanite);
    await look('a model loaded');
    await unload(nanite);
    await look('just unloaded');
    const unloaded = memory['just unloaded: all of nanite-*'] as Memory;
    let idle: Memory | null = null;
    if (!quick) {
      progress('waiting until the services have ended for want of work');
      for (let waited = 0; waited < 150; waited += 5) {
        if ((await nanite.pidsOf('nanite-*.service')).length === 0) break;
        await new Promise((resolve) => setTimeout(resolve, 5000));
      }
      await look('idle for some minutes');
      idle = memory['idle for some minutes: all of nanite-*'] as Memory;
    }
    return {
      data: { rounds, first, rows, asked, memory, versions: await nanite.versions() },
      report: [
        `Time to the first token, from its request on the gateway's unix socket; SmolLM2 135M; median of ${rounds} rounds (and the worst). The very first answer after the installation took ${figure(first.seconds)} s. A cold page cache means that programs, libraries and weights were dropped from it; what other programs map stays.`,
        markdownTable(
          ['starting from', 'page cache', 'first token s', 'worst s', 'worker read from disk'],
          rows.map(({ from, cache, seconds, read }) => [
            from,
            cache,
            figure(median(seconds)),
            figure(Math.max(...seconds)),
            read.length === 0 ? '' : mib(median(read)),
          ]),
        ),
        markdownTable(
          ['`nanite ask "What is the capital of France?"`', 'wall s', 'worst s'],
          Object.entries(asked).map(([from, seconds]) => [
            from,
            figure(median(seconds)),
            figure(Math.max(...seconds)),
          ]),
        ),
        markdownTable(
          ['memory', 'RSS MB', 'PSS MB'],
          Object.entries(memory).map(([what, { rss, pss }]) => [what, megabytes(rss), megabytes(pss)]),
        ),
      ].join('\n\n'),
      targets: [
        {
          what: 'services without a model, just unloaded, RSS',
          measured: unloaded.rss / 1e6,
          must: '<=',
          limit: 150,
          unit: 'MB',
        },
        ...(idle === null
          ? []
          : [
              {
                what: 'services idle for some minutes, RSS',
                measured: idle.rss / 1e6,
                must: '<=' as const,
                limit: 150,
                unit: 'MB',
              },
            ]),
      ],
    };
  } finally {
    nanite.stop();
  }
}

export const coldload: Bench = {
  name: 'coldload',
  summary: 'from no worker to the first token; what services hold while idle',
  isolated: false,
  prepare: async ({ build: wanted, progress }) => {
    if (wanted) build('deb', chatModel.packages, progress);
  },
  run: measure,
};
