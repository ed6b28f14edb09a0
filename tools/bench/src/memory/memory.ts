import type { Bench, BenchOptions, BenchResult } from '../bench';
import { requestOverSocket } from '@nanite/contracts';
import { build } from '../machine/build';
import { InstalledNanite } from '../machine/installed';
import { memoryOf } from '../machine/usage';
import { figure, markdownTable, megabytes } from '../report/table';
import { complete } from '../tokens/completion';
import { chatModel } from '../tokens/model';
import { promptOf } from '../tokens/prompt';

const packages = [...chatModel.packages, 'nanite-model-bge-small-en-v1.5', 'nanite-onnxruntime'];

interface Row {
  model: string;
  /** The engine's name of it. */
  worker: string;
  estimate: number;
  afterStart: number;
  peak: number;
}

async function measure({ quick, progress }: BenchOptions): Promise<BenchResult> {
  progress('booting a machine and installing Nanite');
  const nanite = await InstalledNanite.boot('bench-memory', packages);
  try {
    await nanite.machine.run(
      "mkdir -p /etc/nanite/config.d && printf 'engine:\\n  measure: false\\n' >/etc/nanite/config.d/bench.yaml && " +
        'systemctl restart nanite-gateway.service nanite-engine.service',
    );
    const rows: Row[] = [];
    const status = await nanite.gateway.status();
    for (const model of status.models) {
      progress(`loading ${model.name}`);
      const embeds = model.capabilities.includes('embedding');
      const embed = (texts: string[]): Promise<unknown> =>
        requestOverSocket({
          socketPath: nanite.gatewaySocket,
          method: 'POST',
          path: '/v1/embeddings',
          body: { model: model.name, input: texts },
        });
      const ask = (words: number, seed: number): Promise<unknown> =>
        complete({
          socketPath: nanite.gatewaySocket,
          model: model.name,
          prompt: promptOf(words, seed),
          tokens: 8,
        });
      await (embeds ? embed(['one']) : ask(4, 0));
      const known = rows.map(({ worker }) => worker);
      const worker = (await nanite.gateway.status()).engine?.workers.find(({ id }) => !known.includes(id));
      if (worker === undefined) throw new Error(`the engine names no worker of ${model.name}`);
      const pids = await nanite.pidsOf(`nanite-model@${worker.id}.service`);
      const afterStart = memoryOf(pids).rss;
      const { context, slots } = worker.plan;
      progress(`filling ${slots} contexts of ${context} tokens of ${model.name}`);
      const words = Math.floor((quick ? 0.25 : 0.8) * context);
      if (embeds) {
        for (let round = 0; round < (quick ? 1 : 4); round++) {
          await embed(Array.from({ length: 32 }, (_, i) => promptOf(words, i)));
        }
      } else {
        await Promise.all(Array.from({ length: slots }, (_, i) => ask(words, i + 1)));
      }
      const peak = memoryOf(pids).peakRss;
      rows.push({
        model: model.name,
        worker: worker.id,
        estimate: worker.plan.memoryBytes,
        afterStart,
        peak,
      });
    }
    return {
      data: { rows },
      report: [
        "What the engine expects a worker to take at most (`plan.memoryBytes`, the base of its MemoryMax), and the highest resident set of its process, mapped weights included, after every slot's context was filled to four fifths, or 4 × 32 texts of that length were embedded.",
        markdownTable(
          ['model', 'estimate MB', 'RSS after start MB', 'peak RSS MB', 'peak/estimate'],
          rows.map(({ model, estimate, afterStart, peak }) => [
            model,
            megabytes(estimate),
            megabytes(afterStart),
            megabytes(peak),
            figure(peak / estimate),
          ]),
        ),
      ].join('\n\n'),
      targets: [],
    };
  } finally {
    nanite.stop();
  }
}

export const memory: Bench = {
  name: 'memory',
  summary: "the engine's estimate of a model's memory against what its worker takes",
  isolated: false,
  prepare: async ({ build: wanted, progress }) => {
    if (wanted) build('deb', packages, progress);
  },
  run: measure,
};
