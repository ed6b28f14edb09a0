import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KnowledgeClient } from '@nanite/contracts';
import type { Bench, BenchOptions, BenchResult } from '../bench';
import { build } from '../machine/build';
import { start, type Child } from '../machine/children';
import { family, memoryOf } from '../machine/usage';
import { checkout, peersFolder } from '../peers/cache';
import { figure, markdownTable, megabytes } from '../report/table';
import { summarise } from '../statistics/quantile';
import { writeFiles } from './files';

const program = join(checkout, 'packages/rag-core/dist/main.mjs');
/** As in nanite-rag.service. */
const nodeArguments = ['--max-semi-space-size=1', program];
const name = 'bench';

interface Running {
  child: Child;
  client: KnowledgeClient;
}

async function startService(env: NodeJS.ProcessEnv): Promise<Running> {
  const socket = env['NANITE_RAG_SOCKET']!;
  rmSync(socket, { force: true });
  const child = await start(process.execPath, nodeArguments, { env });
  for (let waited = 0; !existsSync(socket); waited += 5) {
    if (child.hasEnded() || waited > 30_000) throw new Error(`nothing listens\n${child.said()}`);
    await sleep(5);
  }
  return { child, client: new KnowledgeClient(socket) };
}

/** Wait until a collection's words are all indexed; @returns seconds, and the most memory that was seen */
async function indexed(
  { child, client }: Running,
  since: number,
): Promise<{ seconds: number; peak: number }> {
  let peak = 0;
  for (;;) {
    peak = Math.max(peak, memoryOf(family(child.pid)).rss);
    const { progress } = await client.collection(name);
    if (progress.state === 'ready' || progress.state === 'embedding') break;
    if (progress.state === 'stopped') throw new Error(`it stopped: ${progress.why}\n${child.said()}`);
    await sleep(50);
  }
  return { seconds: (performance.now() - since) / 1000, peak };
}

/** Seconds from a change on the disk to a search that shows it. */
async function untilFound(client: KnowledgeClient, word: string, wanted: number): Promise<number> {
  const since = performance.now();
  for (;;) {
    const { hits } = await client.search({ query: word, mode: 'sparse' });
    if (hits.length === wanted) return (performance.now() - since) / 1000;
    if (performance.now() - since > 60_000) throw new Error(`${word} is found ${hits.length} times`);
    await sleep(25);
  }
}

async function measure({ quick, progress }: BenchOptions): Promise<BenchResult> {
  const count = quick ? 1000 : 10_000;
  const rescans = quick ? 3 : 10;
  const changes = quick ? 3 : 10;
  const scratch = mkdtempSync(join(peersFolder(), 'index-'));
  const files = join(scratch, 'files');
  const env = {
    ...process.env,
    XDG_STATE_HOME: join(scratch, 'state'),
    XDG_RUNTIME_DIR: join(scratch, 'run'),
    NANITE_RUNTIME_DIR: join(scratch, 'run'),
    NANITE_RAG_SOCKET: join(scratch, 'rag.sock'),
  };
  mkdirSync(env.XDG_RUNTIME_DIR, { recursive: true });
  let service: Running | null = null;
  try {
    progress(`writing ${count} files`);
    const bytes = writeFiles(files, count);
    service = await startService(env);
    progress('indexing them');
    const since = performance.now();
    await service.client.put(name, { roots: [files] });
    const first = await indexed(service, since);
    const state = (await service.client.collection(name)).progress;
    if (state.files.indexed !== count)
      throw new Error(`${state.files.indexed} of ${count} files are indexed`);

    progress('looking through them again');
    const again: number[] = [];
    for (let round = 0; round < rescans; round++) {
      const started = performance.now();
      await service.client.scan(name);
      again.push((await indexed(service, started)).seconds);
    }
    await service.child.stop();
    const restarted = performance.now();
    service = await startService(env);
    const afterStart = (await indexed(service, restarted)).seconds;

    progress(`changing ${changes} files`);
    const latencies: number[] = [];
    for (let round = 0; round < changes; round++) {
      const path = join(files, `changed${round}.txt`);
      writeFileSync(path, `zyxwvut${round} stands here\n`);
      latencies.push(await untilFound(service.client, `zyxwvut${round}`, 1));
      rmSync(path);
      latencies.push(await untilFound(service.client, `zyxwvut${round}`, 0));
    }
    progress(`${first.seconds.toFixed(0)} s for the first index`);
    const rate = count / first.seconds;
    return {
      data: {
        count,
        bytes,
        chunks: state.chunks.all,
        first,
        rate,
        again,
        afterStart,
        latencies,
      },
      report: [
        `${count} text files (${megabytes(bytes)} MB, ${state.chunks.all} chunks) in folders of 100, read by the shipped bundle with the flags of its unit; no embedding, no gateway and no Chroma.`,
        markdownTable(
          ['what', 'figure'],
          [
            ['first index, files/s', figure(rate)],
            ['first index, most memory of the service and its readers, MB', megabytes(first.peak)],
            [`look again without changes, median of ${rescans}, s`, figure(summarise(again).p50)],
            ['start of the service until nothing is left to do, s', figure(afterStart)],
            ['change or deletion until a search shows it, median, s', figure(summarise(latencies).p50)],
            ['the slowest, s', figure(Math.max(...latencies))],
          ],
        ),
      ].join('\n\n'),
      targets: [
        { what: 'first index', measured: rate, must: '>=', limit: 40, unit: 'files/s' },
        {
          what: 'most memory while indexing',
          measured: first.peak / 1e6,
          must: '<=',
          limit: 700,
          unit: 'MB',
        },
        { what: 'look again, median', measured: summarise(again).p50, must: '<=', limit: 2, unit: 's' },
        { what: 'slowest change', measured: Math.max(...latencies), must: '<=', limit: 5, unit: 's' },
      ],
    };
  } finally {
    await service?.child.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

export const indexFiles: Bench = {
  name: 'index',
  summary: '10,000 text files: first index with its memory, a look again, a change until it is found',
  isolated: true,
  prepare: async ({ build: wanted, progress }) => {
    if (wanted) build('build', ['nanite-rag'], progress);
  },
  run: measure,
};
