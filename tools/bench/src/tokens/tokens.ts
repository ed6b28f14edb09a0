import { cpus } from 'node:os';
import type { Bench, BenchOptions, BenchResult } from '../bench';
import { build } from '../machine/build';
import { InstalledNanite } from '../machine/installed';
import { canSetQuota } from '../machine/quota';
import { measureLlamaBench, type FixedThreads } from '../peers/llama-bench';
import {
  installNodeLlamaCpp,
  measureNodeLlamaCpp,
  nodeLlamaCppVersion,
  type NodeLlamaCppResult,
} from '../peers/node-llama-cpp';
import { figure, markdownTable } from '../report/table';
import type { Target } from '../report/targets';
import { median } from '../statistics/quantile';
import { chatModel, settleThreads } from './model';
import { NaniteSide, type Speeds } from './side';
import { inSituation, situations, type Situation } from './situation';

interface Round {
  nanite: Speeds;
  fixed: FixedThreads[];
  nodeLlamaCpp: NodeLlamaCppResult[];
}

const bestOf = (rounds: Round[], of: 'generation' | 'prompt'): { threads: number; speed: number } =>
  (rounds[0]?.fixed ?? [])
    .map(({ threads }, i) => ({
      threads,
      speed: median(rounds.map(({ fixed }) => (fixed[i] as FixedThreads)[of])),
    }))
    .reduce((best, one) => (one.speed > best.speed ? one : best));

/** Best of all numbers of threads; NaN where it was not measured. */
function bestNodeLlamaCpp(
  rounds: Round[],
  pick: (result: NodeLlamaCppResult) => number | null | undefined,
): number {
  const speeds = (rounds[0]?.nodeLlamaCpp ?? []).map((_, i) => {
    const values = rounds
      .map((round) => pick(round.nodeLlamaCpp[i] as NodeLlamaCppResult))
      .filter((value) => value != null);
    return values.length === 0 ? Number.NaN : median(values);
  });
  return speeds.length === 0 ? Number.NaN : Math.max(...speeds);
}

async function measure({ quick, progress }: BenchOptions): Promise<BenchResult> {
  const roundCount = quick ? 1 : 3;
  const tokens = quick ? 128 : 256;
  const promptTokens = 512;
  const threadCounts = Array.from({ length: cpus().length }, (_, i) => i + 1);
  const wanted = situations.filter((situation) => situation !== 'quota of 100 %' || canSetQuota());

  progress('booting a machine and installing Nanite');
  const nanite = await InstalledNanite.boot('bench-tokens', chatModel.packages);
  try {
    const side = new NaniteSide(nanite, chatModel.name, chatModel.id);
    const threads = await settleThreads(nanite, side, quick ? 0 : 90, progress);
    const worker = await side.workerPid();
    // Adapted and warm; the first request after a start is measured by the bench of cold starts.
    await side.generate(64, 4);
    const results = new Map<Situation, Round[]>(wanted.map((situation) => [situation, []]));
    for (let round = 0; round < roundCount; round++) {
      for (const situation of wanted) {
        progress(`round ${round + 1} of ${roundCount}, ${situation}`);
        const one = await inSituation(situation, worker, async (through) => {
          const speeds = await side.measure(tokens, promptTokens);
          const fixed: FixedThreads[] = [];
          const nodeLlamaCpp: NodeLlamaCppResult[] = [];
          for (const count of threadCounts) {
            fixed.push(
              await measureLlamaBench(
                nanite,
                {
                  model: chatModel.weights,
                  threads: count,
                  tokens: situation === 'alone' ? tokens : 64,
                  promptTokens: situation === 'alone' ? promptTokens : 64,
                  mostSeconds: situation === 'alone' ? 120 : 30,
                },
                through,
              ),
            );
          }
          for (const count of threadCounts) {
            const plan = {
              model: nanite.path(chatModel.weights),
              threads: count,
              tokens: situation === 'alone' ? tokens : 64,
              promptTokens: situation === 'alone' ? promptTokens : 0,
              clients: situation === 'alone' ? [1, 4] : [1],
              mostSeconds: 6,
            };
            nodeLlamaCpp.push(await measureNodeLlamaCpp(plan, through));
          }
          return { nanite: speeds, fixed, nodeLlamaCpp };
        });
        results.get(situation)?.push(one);
      }
    }
    const versions = await nanite.versions();
    return {
      data: {
        tokens,
        promptTokens,
        threads,
        versions,
        nodeLlamaCppVersion,
        results: Object.fromEntries(results),
      },
      report: report(results, threads, tokens, promptTokens, roundCount),
      targets: targets(results),
    };
  } finally {
    nanite.stop();
  }
}

const speedOf = (rounds: Round[], of: keyof Speeds): number => median(rounds.map(({ nanite }) => nanite[of]));

function targets(results: Map<Situation, Round[]>): Target[] {
  const list: Target[] = [];
  for (const [situation, rounds] of results) {
    const best = bestOf(rounds, 'generation').speed;
    const one = speedOf(rounds, 'one');
    const ratio = (what: string, measured: number, limit: number): void =>
      void list.push({ what: `${situation}: ${what}`, measured, must: '>=', limit, unit: '' });
    if (situation === 'alone') {
      ratio('tokens/s, of the best llama-bench', one / best, 0.9);
      ratio(
        'tokens/s, of the best node-llama-cpp',
        one / bestNodeLlamaCpp(rounds, (r) => r.generation['1']),
        1.5,
      );
      ratio(
        'tokens/s of four clients, of the best node-llama-cpp',
        speedOf(rounds, 'four') / bestNodeLlamaCpp(rounds, (r) => r.generation['4']),
        1.5,
      );
      ratio('tokens/s of four clients together, of one', speedOf(rounds, 'four') / one, 1.4);
    } else {
      ratio('tokens/s, of the best fixed number of threads', one / best, 0.8);
    }
  }
  return list;
}

function report(
  results: Map<Situation, Round[]>,
  threads: string,
  tokens: number,
  promptTokens: number,
  roundCount: number,
): string {
  const number = (value: number): string => (Number.isNaN(value) ? '' : figure(value));
  const orTooSlow = (value: number): string => (value === 0 ? 'not in 30 s' : figure(value));
  const rows = [...results].flatMap(([situation, rounds]) => {
    const fixed = (rounds[0]?.fixed ?? []).map(({ threads: count }, i) => {
      const at = (of: 'generation' | 'prompt'): number =>
        median(rounds.map((round) => (round.fixed[i] as FixedThreads)[of]));
      return [
        `llama-bench, ${count} thread${count > 1 ? 's' : ''}`,
        situation,
        orTooSlow(at('generation')),
        '',
        orTooSlow(at('prompt')),
      ];
    });
    const peer = (rounds[0]?.nodeLlamaCpp ?? []).map(({ threads: count }, i) => {
      const at = (pick: (result: NodeLlamaCppResult) => number | null | undefined): string => {
        const values = rounds
          .map((round) => pick(round.nodeLlamaCpp[i] as NodeLlamaCppResult))
          .filter((v) => v != null);
        return values.length === 0 ? '' : number(median(values));
      };
      return [
        `node-llama-cpp, ${count} thread${count > 1 ? 's' : ''}`,
        situation,
        at((r) => r.generation['1']),
        at((r) => r.generation['4']),
        at((r) => r.prompt),
      ];
    });
    return [
      [
        'Nanite, gateway and worker',
        situation,
        figure(speedOf(rounds, 'one')),
        figure(speedOf(rounds, 'four')),
        figure(speedOf(rounds, 'prompt')),
      ],
      ['its worker asked directly', situation, figure(speedOf(rounds, 'worker')), '', ''],
      ...fixed,
      ...peer,
    ];
  });
  return [
    `SmolLM2 135M, Q4_1. ${tokens} tokens generated after a prompt of six, a prompt of about ${promptTokens} tokens; median of ${roundCount} rounds, sides interleaved. Nanite is installed from its .debs in a booted machine and asked over its unix socket, streaming; ${threads}. node-llama-cpp ${nodeLlamaCppVersion} runs its prebuilt binary through its lowest level.`,
    ...(canSetQuota() ? [] : ['This machine has no cgroup v1 cpu controller: the quota was not measured.']),
    markdownTable(['side', 'situation', 'tokens/s, 1 client', '4 clients', 'prompt tokens/s'], rows),
  ].join('\n\n');
}

export const tokens: Bench = {
  name: 'tokens',
  summary: 'tokens a second through gateway and worker, beside llama-bench and node-llama-cpp',
  isolated: false,
  prepare: async ({ build: wanted, progress }) => {
    await installNodeLlamaCpp(progress);
    if (wanted) build('deb', chatModel.packages, progress);
  },
  run: measure,
};
