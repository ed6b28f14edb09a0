import type { Bench, BenchOptions, BenchResult } from '../bench';
import { load } from '../load';
import type { Address, LoadPlan, LoadResult } from '../load/plan';
import { cpuSecondsOf, family, memoryOf, type Memory } from '../machine/usage';
import { litellmVersion } from '../peers/litellm';
import { figure, markdownTable, megabytes } from '../report/table';
import { median } from '../statistics/quantile';
import { prepareSides, startSides } from './sides';

const body = { model: 'bench', messages: [{ role: 'user', content: 'What is the capital of France?' }] };

/** One side under one load; rounds are in the order in which they ran. */
interface Series {
  side: string;
  rate: number;
  pid: number | null;
  address: Address;
  connections: LoadPlan['connections'];
  rounds: Array<LoadResult & { cpuMsPerRequest: number | null }>;
}

/** Rate that issue 3 names, and one that LiteLLM can hold on two cores. */
const rates = { target: 500, modest: 100 } as const;

/** Milliseconds below which a difference says nothing. */
const leastStep = 0.05;

const medianOf = (series: Series, pick: (round: Series['rounds'][number]) => number): number =>
  median(series.rounds.map(pick));

/** What a side adds to the direct way, round by round against the direct one that ran beside it. */
const added = (series: Series, direct: Series, of: 'p50' | 'p99'): number =>
  median(series.rounds.map((round, i) => round.latency[of] - (direct.rounds[i] as LoadResult).latency[of]));

const failuresOf = (series: Series): number =>
  series.rounds.reduce((sum, round) => sum + Object.values(round.failures).reduce((a, b) => a + b, 0), 0);

async function measure({ quick, progress }: BenchOptions): Promise<BenchResult> {
  const rounds = quick ? 1 : 3;
  const seconds = quick ? 4 : 6;
  progress('starting the fake worker, the gateway and LiteLLM');
  const sides = await startSides();
  const { gateway, litellm } = sides.processes;
  const memory: Record<string, Memory> = {};
  const series: Series[] = [];
  const add = (
    side: string,
    rate: number,
    address: Address,
    pid: number | null,
    connections: Series['connections'] = 'kept',
  ): Series => {
    const one: Series = { side, rate, address, pid, connections, rounds: [] };
    series.push(one);
    return one;
  };
  try {
    memory['gateway, before the load'] = memoryOf(family(gateway.pid));
    memory['LiteLLM, before the load'] = memoryOf(family(litellm.pid));
    const { target, modest } = rates;
    const direct = add('direct, TCP', target, sides.direct.tcp, null);
    const ours = add('gateway, TCP', target, sides.gateway.tcp, gateway.pid);
    const directUnix = add('direct, unix socket', target, sides.direct.unix, null);
    const oursUnix = add('gateway, unix socket', target, sides.gateway.unix, gateway.pid);
    const directFresh = add('direct, TCP, a connection each', target, sides.direct.tcp, null, 'fresh');
    const oursFresh = add('gateway, TCP, a connection each', target, sides.gateway.tcp, gateway.pid, 'fresh');
    const theirs = add('LiteLLM, TCP', target, sides.litellm.tcp, litellm.pid);
    const directModest = add('direct, TCP', modest, sides.direct.tcp, null);
    const oursModest = add('gateway, TCP', modest, sides.gateway.tcp, gateway.pid);
    const theirsModest = add('LiteLLM, TCP', modest, sides.litellm.tcp, litellm.pid);

    litellm.pause();
    for (let round = 0; round < rounds; round++) {
      for (const one of series) {
        progress(`round ${round + 1} of ${rounds}: ${one.side}, ${one.rate} requests/s for ${seconds} s`);
        // What a side still does after its round is not to disturb the next.
        if (one.pid === litellm.pid) litellm.resume();
        const pids = one.pid === null ? [] : family(one.pid);
        const cpuBefore = cpuSecondsOf(pids);
        const plan: LoadPlan = {
          address: one.address,
          path: '/v1/chat/completions',
          body,
          rate: one.rate,
          seconds,
          warmUp: 200,
          connections: one.connections,
          mostOutstanding: 1000,
          timeoutSeconds: 20,
        };
        const result = await load(plan);
        const requests = result.latency.count + plan.warmUp;
        const cpuMsPerRequest =
          one.pid === null ? null : ((cpuSecondsOf(pids) - cpuBefore) * 1000) / requests;
        one.rounds.push({ ...result, cpuMsPerRequest });
        if (one.pid === litellm.pid) litellm.pause();
      }
    }
    memory['gateway, after the load'] = memoryOf(family(gateway.pid));
    memory['LiteLLM, after the load'] = memoryOf(family(litellm.pid));

    const pairs: Array<[Series, Series]> = [
      [ours, direct],
      [oursUnix, directUnix],
      [oursFresh, directFresh],
      [theirs, direct],
      [oursModest, directModest],
      [theirsModest, directModest],
    ];
    const baseOf = new Map(pairs);
    const table = markdownTable(
      ['side', 'requests/s', 'p50 ms', 'p99 ms', 'added p50', 'added p99', 'CPU ms/request', 'failed'],
      series.map((one) => {
        const base = baseOf.get(one);
        return [
          one.side,
          String(one.rate),
          figure(medianOf(one, ({ latency }) => latency.p50)),
          figure(medianOf(one, ({ latency }) => latency.p99)),
          base ? figure(added(one, base, 'p50')) : '',
          base ? figure(added(one, base, 'p99')) : '',
          one.pid === null ? '' : figure(medianOf(one, ({ cpuMsPerRequest }) => cpuMsPerRequest ?? 0)),
          String(failuresOf(one)),
        ];
      }),
    );
    const memoryTable = markdownTable(
      ['process', 'RSS MB', 'peak RSS MB', 'PSS MB'],
      Object.entries(memory).map(([what, { rss, peakRss, pss }]) => [
        what,
        megabytes(rss),
        megabytes(peakRss),
        megabytes(pss),
      ]),
    );
    const lateness = median(series.flatMap((one) => one.rounds.map((round) => round.lateness.p99)));
    // What ours adds can be less than what two runs differ by; a ratio needs a least step.
    const ratio = (of: 'p50' | 'p99', [other, our, base]: [Series, Series, Series]): number =>
      added(other, base, of) / Math.max(added(our, base, of), leastStep);
    const high: [Series, Series, Series] = [theirs, ours, direct];
    const low: [Series, Series, Series] = [theirsModest, oursModest, directModest];
    const gatewayMemory = memory['gateway, after the load'] as Memory;
    return {
      data: { rounds, seconds, litellmVersion, series, memory },
      report: [
        `Open loop, ${seconds} s a round, median of ${rounds} rounds, sides interleaved; latency counts from when a request was due. The generator itself sent its requests ${figure(lateness)} ms late at p99 (in every side alike).`,
        table,
        memoryTable,
        `LiteLLM ${litellmVersion} adds ${figure(ratio('p50', high))} times (p50) and ${figure(ratio('p99', high))} times (p99) what the gateway adds (taken as ${leastStep} ms at least) at ${target}/s, ${figure(ratio('p50', low))} and ${figure(ratio('p99', low))} times at ${modest}/s.`,
      ].join('\n\n'),
      targets: [
        ...(
          [
            ['TCP', ours, direct],
            ['unix socket', oursUnix, directUnix],
          ] as const
        ).flatMap(([how, side, base]) => [
          {
            what: `added latency at 500/s, p50, ${how}`,
            measured: added(side, base, 'p50'),
            must: '<=' as const,
            limit: 0.5,
            unit: 'ms',
          },
          {
            what: `added latency at 500/s, p99, ${how}`,
            measured: added(side, base, 'p99'),
            must: '<=' as const,
            limit: 2,
            unit: 'ms',
          },
        ]),
        {
          what: 'LiteLLM adds at 500/s, times ours, p50',
          measured: ratio('p50', high),
          must: '>=',
          limit: 5,
          unit: '',
        },
        {
          what: 'LiteLLM adds at 500/s, times ours, p99',
          measured: ratio('p99', high),
          must: '>=',
          limit: 5,
          unit: '',
        },
        {
          what: 'LiteLLM adds at 100/s, times ours, p50',
          measured: ratio('p50', low),
          must: '>=',
          limit: 5,
          unit: '',
        },
        {
          what: 'LiteLLM adds at 100/s, times ours, p99',
          measured: ratio('p99', low),
          must: '>=',
          limit: 5,
          unit: '',
        },
        {
          what: 'gateway RSS, highest',
          measured: gatewayMemory.peakRss / 1e6,
          must: '<=',
          limit: 120,
          unit: 'MB',
        },
      ],
    };
  } finally {
    await sides.stop();
  }
}

export const gateway: Bench = {
  name: 'gateway',
  summary: 'latency that the gateway adds to a worker that answers at once, beside LiteLLM',
  isolated: true,
  prepare: prepareSides,
  run: measure,
};
