import { spawn } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ModelSettings } from '@nanite/contracts';
import type { Bench, BenchOptions, BenchResult } from '../bench';
import { run } from '../machine/children';
import { checkout, peersFolder } from '../peers/cache';
import { figure, markdownTable } from '../report/table';
import { median } from '../statistics/quantile';
import { serve } from './web-server';

/** As the service has them where nothing else is set. */
const { chunkBytes, parallel } = ModelSettings.parse({});

const runner = fileURLToPath(new URL('./fetch-once.mjs', import.meta.url));
const bundle = join(checkout, 'dist/bench/pull/fetch.mjs');

interface Measured {
  seconds: number;
  cpu: number | null;
}

interface Side {
  name: string;
  measured: Measured[];
  once(url: string, target: string): Promise<Measured>;
}

/** Random bytes, so that nothing on the way can be clever; in the page cache when this returns. */
function makeFile(path: string, size: number): string {
  const hash = createHash('sha256');
  const block = Buffer.alloc(2 ** 20);
  const made = existsSync(path);
  const fd = openSync(path, made ? 'r' : 'wx');
  for (let at = 0; at < size; at += block.length) {
    if (made) readSync(fd, block);
    else writeSync(fd, randomFillSync(block));
    hash.update(block);
  }
  return hash.digest('hex');
}

async function shell(script: string, url: string, target: string, sha256: string): Promise<Measured> {
  const started = performance.now();
  const said = await run('bash', ['-c', `set -o pipefail; ${script}`, 'bench', url, target]);
  const seconds = (performance.now() - started) / 1000;
  if (!said.startsWith(sha256)) throw new Error(`curl and sha256sum gave ${said}`);
  return { seconds, cpu: null };
}

/** Kill a fetch at a random moment and start it again. @returns bytes that had arrived and were fetched again */
async function lostByKill(url: string, target: string, sha256: string, size: number): Promise<number> {
  const args = [runner, bundle, url, sha256, String(size), target, String(chunkBytes), String(parallel)];
  const env = { ...process.env, BENCH_PROGRESS: '1' };
  const at = Math.random() * size * 0.9;
  let arrived = 0;
  await new Promise<void>((resolve, reject) => {
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.startsWith('at ')) arrived = Number(line.slice(3));
      if (arrived >= at) child.kill('SIGKILL');
    });
    child.once('error', reject).once('close', () => resolve());
  });
  const said = await run(process.execPath, args, { env });
  const resumed = Number(/^at (\d+)/.exec(said)?.[1]);
  if (!said.includes(sha256)) throw new Error('what was resumed is not the file');
  return arrived - resumed;
}

async function measure({ quick, progress }: BenchOptions): Promise<BenchResult> {
  const size = (quick ? 256 : 1024) * 2 ** 20;
  const rounds = quick ? 2 : 5;
  const kills = quick ? 3 : 12;
  const disk = join(peersFolder(), 'pull');
  const served = join('/dev/shm', `nanite-bench-served-${process.pid}`);
  for (const folder of [disk, served]) mkdirSync(folder, { recursive: true });
  progress(`making ${size / 2 ** 20} MiB`);
  const sha256 = makeFile(join(served, 'model.gguf'), size);
  const { url: base, server } = await serve(served, join(served, 'nginx'));
  const url = `${base}/model.gguf`;
  const ours = async (with_: number, target: string): Promise<Measured> => {
    const said = await run(process.execPath, [
      ...[runner, bundle, url, sha256, String(size), target, String(chunkBytes), String(with_)],
    ]);
    const result = JSON.parse(said) as { seconds: number; cpu: number; sha256: string };
    if (result.sha256 !== sha256) throw new Error('fetched something else');
    return result;
  };
  const sides = (): Side[] => [
    {
      name: 'curl \\| tee \\| sha256sum',
      measured: [],
      once: (at, target) => shell('curl -sf "$1" | tee "$2" | sha256sum', at, target, sha256),
    },
    {
      name: 'curl, then sha256sum (verified afterwards)',
      measured: [],
      once: (at, target) => shell('curl -sfo "$2" "$1" && sha256sum <"$2"', at, target, sha256),
    },
    { name: `Nanite, ${parallel} connections`, measured: [], once: (_, target) => ours(parallel, target) },
    { name: 'Nanite, 1 connection', measured: [], once: (_, target) => ours(1, target) },
  ];
  const places = [
    { name: 'memory', folder: served, sides: sides() },
    { name: 'disk', folder: disk, sides: sides() },
  ];
  const lost: number[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      for (const { name, folder, sides: all } of places) {
        const target = join(folder, 'fetched');
        for (const side of all) {
          progress(`round ${round + 1} of ${rounds}, into ${name}: ${side.name}`);
          for (const path of [target, `${target}.json`]) rmSync(path, { force: true });
          // What the side before left for the disk to write is not this side's work.
          if (name === 'disk') await run('sync', []);
          side.measured.push(await side.once(url, target));
        }
        for (const path of [target, `${target}.json`]) rmSync(path, { force: true });
      }
    }
    for (let kill = 0; kill < kills; kill++) {
      progress(`kill ${kill + 1} of ${kills}`);
      const target = join(disk, `killed-${kill}`);
      lost.push(await lostByKill(url, target, sha256, size));
      for (const path of [target, `${target}.json`]) rmSync(path, { force: true });
    }
  } finally {
    await server.stop();
    rmSync(served, { recursive: true, force: true });
  }
  /** How many times as fast as the pipe, round by round, which the noise of the machine disturbs least. */
  const ratio = (all: Side[], index: number): number =>
    median(all[index]?.measured.map(({ seconds }, i) => (all[0]?.measured[i]?.seconds ?? 0) / seconds) ?? []);
  const rows = places.flatMap(({ name, sides: all }) =>
    all.map((side, index) => [
      side.name,
      name,
      figure(median(side.measured.map(({ seconds }) => seconds))),
      figure(size / 1e6 / median(side.measured.map(({ seconds }) => seconds))),
      figure(ratio(all, index)),
      side.measured[0]?.cpu == null ? '' : figure(median(side.measured.map(({ cpu }) => cpu ?? 0))),
    ]),
  );
  const most = Math.max(...lost);
  return {
    data: { size, rounds, chunkBytes, parallel, places, lost },
    report: [
      `${size / 2 ** 20} MiB of random bytes from nginx on the loopback interface, median of ${rounds} rounds, sides interleaved, each in a process of its own. Nanite reserves the space, writes ranges of ${chunkBytes / 2 ** 20} MiB, hashes meanwhile, and syncs file and state to the disk as it goes; the pipe syncs nothing.`,
      markdownTable(['side', 'into', 's', 'MB/s', 'times the pipe', 'CPU s'], rows),
      `Killed (SIGKILL) at ${kills} random moments and started again, a fetch fetched again at most ${figure(most / 2 ** 20)} MiB of what had arrived, of chunks of ${chunkBytes / 2 ** 20} MiB (median ${figure(median(lost) / 2 ** 20)}).`,
    ].join('\n\n'),
    targets: [
      ...places.map(({ name, sides: all }) => ({
        what: `verified pull into ${name}, times curl | tee | sha256sum`,
        measured: ratio(all, 2),
        must: '>=' as const,
        limit: 0.85,
        unit: '',
      })),
      {
        what: 'fetched again after a kill, chunks at most',
        measured: most / chunkBytes,
        must: '<=',
        limit: 1,
        unit: '',
      },
    ],
  };
}

export const pull: Bench = {
  name: 'pull',
  summary: 'a verified pull beside curl, tee and sha256sum; what a kill costs',
  isolated: true,
  prepare: async ({ progress }) => {
    progress('bundling the download of nanite-models');
    const source = join(checkout, 'packages/model-manager/src/download');
    await run(
      'npx',
      [
        ...[
          'esbuild',
          join(source, 'fetch.ts'),
          '--bundle',
          '--platform=node',
          '--format=esm',
          '--target=node20',
        ],
        "--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
        `--outfile=${bundle}`,
      ],
      { cwd: checkout },
    );
    copyFileSync(join(source, 'hash-thread.mjs'), join(checkout, 'dist/bench/pull/hash-thread.mjs'));
  },
  run: measure,
};
