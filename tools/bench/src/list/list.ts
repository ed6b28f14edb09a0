import { existsSync, mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoredModelList } from '@nanite/contracts';
import type { Bench, BenchOptions, BenchResult } from '../bench';
import { build } from '../machine/build';
import { run, start, type Child } from '../machine/children';
import { memoryOf } from '../machine/usage';
import { checkout, peersFolder } from '../peers/cache';
import { figure, markdownTable, megabytes } from '../report/table';
import { summarise } from '../statistics/quantile';
import { makeStore } from './many-models';

const program = join(checkout, 'packages/model-manager/dist/main.mjs');
/** As in nanite-models.service. */
const nodeArguments = ['--max-semi-space-size=4', program];
const cli = join(checkout, 'apps/cli/dist/main.mjs');

/** Milliseconds that a command takes from its start to its end. */
async function timed(arguments_: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const started = performance.now();
  await run(process.execPath, arguments_, { env });
  return performance.now() - started;
}

/** Milliseconds from the request to the last byte of its answer, and the answer. */
async function ask(socketPath: string): Promise<{ milliseconds: number; body: string }> {
  const started = performance.now();
  const body = await new Promise<string>((resolve, reject) => {
    const call = request({ socketPath, path: '/v1/models', agent: false }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => resolve(Buffer.concat(parts).toString('utf8')));
      answer.on('error', reject);
    });
    call.on('error', reject).end();
  });
  return { milliseconds: performance.now() - started, body };
}

async function listening(socketPath: string, service: Child): Promise<void> {
  for (let waited = 0; !existsSync(socketPath); waited += 5) {
    if (service.hasEnded() || waited > 30_000) throw new Error(`nothing listens\n${service.said()}`);
    await sleep(5);
  }
}

async function measure({ quick, progress }: BenchOptions): Promise<BenchResult> {
  const count = 1000;
  const starts = quick ? 3 : 20;
  const warmAsks = quick ? 30 : 300;
  const scratch = mkdtempSync(join(peersFolder(), 'list-'));
  const folder = (name: string): string => {
    const path = join(scratch, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const places = {
    NANITE_STATE_DIR: folder('state'),
    NANITE_RUNTIME_DIR: folder('run'),
    NANITE_SHARE_DIR: folder('share'),
    NANITE_ETC_DIR: folder('etc'),
  };
  const env = { ...process.env, ...places };
  // It hands on little of its own environment.
  const handedOn = Object.entries(places).flatMap(([name, value]) => ['--setenv', `${name}=${value}`]);
  const socketPath = join(env.NANITE_RUNTIME_DIR, 'models.sock');
  const bare: number[] = [];
  const woken: number[] = [];
  const typedWoken: number[] = [];
  const typed: number[] = [];
  const first: number[] = [];
  const second: number[] = [];
  const warm: number[] = [];
  let bytes = 0;
  let memory = 0;
  try {
    progress(`making a store of ${count} models`);
    makeStore(join(env.NANITE_STATE_DIR, 'models'), count);
    const check = (body: string): void => {
      const { models } = StoredModelList.parse(JSON.parse(body));
      const bad = models.filter(({ fit, missing }) => fit === null || missing.length > 0);
      if (models.length !== count || bad.length > 0)
        throw new Error(`${models.length} models, ${bad.length} of them without fit or files`);
      bytes = Buffer.byteLength(body);
    };
    for (let round = 0; round < starts; round++) {
      progress(`start ${round + 1} of ${starts}`);
      rmSync(socketPath, { force: true });
      const waiting = await start(
        'systemd-socket-activate',
        [...handedOn, '--listen', socketPath, process.execPath, ...nodeArguments],
        { env },
      );
      await listening(socketPath, waiting);
      const { milliseconds, body } = await ask(socketPath);
      woken.push(milliseconds);
      check(body);
      await waiting.stop();
      rmSync(socketPath, { force: true });
      bare.push(await timed(['--eval', '0'], env));
      const waitingAgain = await start(
        'systemd-socket-activate',
        [...handedOn, '--listen', socketPath, process.execPath, ...nodeArguments],
        { env },
      );
      await listening(socketPath, waitingAgain);
      typedWoken.push(await timed([cli, 'models', 'list'], env));
      typed.push(await timed([cli, 'models', 'list'], env));
      await waitingAgain.stop();
      rmSync(socketPath, { force: true });
      const service = await start(process.execPath, nodeArguments, { env });
      await listening(socketPath, service);
      // What it does after its start by itself comes to rest, as it has where somebody asked something else before.
      await sleep(500);
      first.push((await ask(socketPath)).milliseconds);
      second.push((await ask(socketPath)).milliseconds);
      const last = round === starts - 1;
      if (last) for (let at = 0; at < warmAsks; at++) warm.push((await ask(socketPath)).milliseconds);
      if (last) memory = memoryOf([service.pid]).rss;
      await service.stop();
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const row = (what: string, all: number[]): string[] => [
    what,
    String(all.length),
    figure(summarise(all).p50),
    figure(summarise(all).p99),
  ];
  return {
    data: { count, bare, woken, typedWoken, typed, first, second, warm, bytes, memory },
    report: [
      `\`GET /v1/models\` of a store of ${count} models (${figure(bytes / 1e6)} MB of JSON, each with whether it runs here), over the service's socket, from the request to the last byte. The service is the bundle that is shipped, with the flags of its unit; every ask is a connection of its own. After ${warmAsks} asks it had ${megabytes(memory)} MB of memory.`,
      markdownTable(
        ['ask', 'times', 'median ms', 'p99 ms'],
        [
          row('that wakes the service (start of Node included)', woken),
          row('first of a service that runs', first),
          row('second', second),
          row('later ones', warm),
          row('`nanite models list`, which wakes the service', typedWoken),
          row('`nanite models list` again', typed),
          row('for comparison: `node --eval 0`', bare),
        ],
      ),
    ].join('\n\n'),
    targets: [
      {
        what: `list of ${count} models, first, median`,
        measured: summarise(first).p50,
        must: '<=',
        limit: 50,
        unit: 'ms',
      },
      {
        what: `list of ${count} models, first, p99`,
        measured: summarise(first).p99,
        must: '<=',
        limit: 50,
        unit: 'ms',
      },
      {
        what: `list of ${count} models, later, p99`,
        measured: summarise(warm).p99,
        must: '<=',
        limit: 50,
        unit: 'ms',
      },
    ],
  };
}

export const list: Bench = {
  name: 'list',
  summary: 'a list of 1,000 models from nanite-models, first and later',
  isolated: true,
  prepare: async ({ build: wanted, progress }) => {
    if (wanted) build('build', ['nanite-models', 'nanite-cli'], progress);
  },
  run: measure,
};
