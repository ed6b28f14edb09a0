import { cpus } from 'node:os';
import type { Bench, BenchOptions, BenchResult } from '../bench';
import { build } from '../machine/build';
import { InstalledNanite } from '../machine/installed';
import { measureLlamaBench } from '../peers/llama-bench';
import { figure, markdownTable } from '../report/table';
import type { Target } from '../report/targets';
import { median } from '../statistics/quantile';
import { ableModel, settleThreads } from './model';
import { NaniteSide } from './side';
import { inSituation } from './situation';

const situations = ['alone', 'one core busy'] as const;

/** Tokens a second of each side, one figure a round. */
type Speeds = Map<string, number[]>;

async function measure({ quick, progress }: BenchOptions): Promise<BenchResult> {
  const rounds = quick ? 1 : 3;
  const tokens = quick ? 16 : 64;
  progress('booting a machine and installing Nanite');
  const nanite = await InstalledNanite.boot('bench-able', ableModel.packages);
  try {
    const side = new NaniteSide(nanite, ableModel.name, ableModel.id);
    const found = await settleThreads(nanite, side, quick ? 0 : 180, progress);
    const worker = await side.workerPid();
    const threads = Array.from({ length: cpus().length }, (_, i) => i + 1);
    const fixed = async (count: number): Promise<number> => {
      const plan = { model: ableModel.weights, threads: count, tokens, promptTokens: 64, mostSeconds: 60 };
      return (await measureLlamaBench(nanite, plan)).generation;
    };
    const results = new Map<string, Speeds>();
    for (let round = 0; round < rounds; round++) {
      for (const situation of situations) {
        progress(`round ${round + 1} of ${rounds}, ${situation}`);
        const speeds = results.get(situation) ?? (new Map() as Speeds);
        results.set(situation, speeds);
        const add = (name: string, speed: number) => speeds.set(name, [...(speeds.get(name) ?? []), speed]);
        await inSituation(situation, worker, async () => {
          add('Nanite, gateway and worker', await side.generate(tokens, 1));
          for (const count of threads) {
            add(`llama-bench, ${count} thread${count > 1 ? 's' : ''}`, await fixed(count));
          }
        });
      }
    }
    return {
      data: { tokens, found, results: [...results].map(([situation, speeds]) => [situation, ...speeds]) },
      report: [
        `${ableModel.name}, Q4_K_M, ${tokens} tokens; median of ${rounds} rounds, sides by turns; ${found}.`,
        markdownTable(
          ['side', ...situations],
          [...(results.get('alone')?.keys() ?? [])].map((name) => [
            name,
            ...situations.map((situation) => figure(speedOf(results, situation, name))),
          ]),
        ),
      ].join('\n\n'),
      targets: targets(results),
    };
  } finally {
    nanite.stop();
  }
}

const speedOf = (results: Map<string, Speeds>, situation: string, name: string): number =>
  median(results.get(situation)?.get(name) ?? []);

function targets(results: Map<string, Speeds>): Target[] {
  const limits = { alone: 0.95, 'one core busy': 0.8 };
  return situations.map((situation) => {
    const [ours, ...others] = [...(results.get(situation)?.keys() ?? [])];
    const best = Math.max(...others.map((name) => speedOf(results, situation, name)));
    return {
      what: `${situation}: tokens/s, of the best llama-bench`,
      measured: speedOf(results, situation, ours ?? '') / best,
      must: '>=',
      limit: limits[situation],
      unit: '',
    };
  });
}

export const ableTokens: Bench = {
  name: 'tokens-1.5b',
  summary: 'the same of the model that can use tools, beside llama-bench',
  isolated: false,
  prepare: ({ build: wanted, progress }) => {
    if (wanted) build('deb', ableModel.packages, progress);
    return Promise.resolve();
  },
  run: measure,
};
