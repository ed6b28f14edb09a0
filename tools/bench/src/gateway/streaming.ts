import type { Bench, BenchOptions, BenchResult } from '../bench';
import { chunksOfAnswer } from '../fakes/stamp';
import { readStreams } from '../load';
import type { Address, StreamResult } from '../load/plan';
import { cpuSecondsOf, family } from '../machine/usage';
import { litellmVersion } from '../peers/litellm';
import { figure, markdownTable } from '../report/table';
import { median } from '../statistics/quantile';
import { prepareSides, startSides } from './sides';

interface Side {
  name: string;
  address: Address;
  path: string;
  pid: number | null;
  rounds: Array<StreamResult & { cpuMicrosecondsPerChunk: number | null }>;
}

async function measure({ quick, progress }: BenchOptions): Promise<BenchResult> {
  const rounds = quick ? 1 : 3;
  const clients = 4;
  const answersEach = quick ? 2 : 5;
  progress('starting the fake worker, the gateway and LiteLLM');
  const started = await startSides();
  const { gateway, litellm } = started.processes;
  const openAi = '/v1/chat/completions';
  const side = (name: string, address: Address, path: string, pid: number | null): Side => ({
    name,
    address,
    path,
    pid,
    rounds: [],
  });
  const sides = [
    side('direct, TCP', started.direct.tcp, openAi, null),
    side("gateway, TCP, OpenAI's API", started.gateway.tcp, openAi, gateway.pid),
    side("gateway, TCP, Ollama's API", started.gateway.tcp, '/api/chat', gateway.pid),
    side('direct, unix socket', started.direct.unix, openAi, null),
    side("gateway, unix socket, OpenAI's API", started.gateway.unix, openAi, gateway.pid),
    side("gateway, unix socket, Ollama's API", started.gateway.unix, '/api/chat', gateway.pid),
    side("LiteLLM, TCP, OpenAI's API", started.litellm.tcp, openAi, litellm.pid),
  ];
  try {
    litellm.pause();
    for (let round = 0; round < rounds; round++) {
      for (const { name, address, path, pid, rounds: results } of sides) {
        progress(`round ${round + 1} of ${rounds}: ${name}, ${clients} clients, ${answersEach} answers each`);
        if (pid === litellm.pid) litellm.resume();
        const pids = pid === null ? [] : family(pid);
        const before = cpuSecondsOf(pids);
        const body = {
          model: 'bench',
          stream: true,
          messages: [{ role: 'user', content: 'Tell me a story.' }],
        };
        const result = await readStreams({ address, path, body, clients, answersEach });
        if (pid === litellm.pid) litellm.pause();
        // One more answer is read before the clock starts.
        const spent = (cpuSecondsOf(pids) - before) / (result.chunks + chunksOfAnswer);
        results.push({ ...result, cpuMicrosecondsPerChunk: pid === null ? null : spent * 1e6 });
      }
    }
  } finally {
    await started.stop();
  }
  const [direct, , , directUnix] = sides as [Side, Side, Side, Side];
  const baseOf = ({ name }: Side): Side => (name.includes('unix') ? directUnix : direct);
  const added = (one: Side, of: 'p50' | 'p99'): number =>
    median(one.rounds.map(({ chunk }, i) => chunk[of] - (baseOf(one).rounds[i] as StreamResult).chunk[of]));
  const table = markdownTable(
    ['side', 'p50 ms', 'p99 ms', 'added p50', 'added p99', 'CPU µs/chunk'],
    sides.map((one) => [
      one.name,
      figure(median(one.rounds.map(({ chunk }) => chunk.p50))),
      figure(median(one.rounds.map(({ chunk }) => chunk.p99))),
      ...(one.pid === null
        ? ['', '', '']
        : [
            figure(added(one, 'p50')),
            figure(added(one, 'p99')),
            figure(median(one.rounds.map(({ cpuMicrosecondsPerChunk }) => cpuMicrosecondsPerChunk ?? 0))),
          ]),
    ]),
  );
  return {
    data: { rounds, clients, answersEach, chunksOfAnswer, litellmVersion, sides },
    report: [
      `From the worker's sending of a piece to its arrival at the client: ${clients} clients, each reading answers of ${chunksOfAnswer} pieces, one every 4 ms; median of ${rounds} rounds, sides interleaved. LiteLLM is ${litellmVersion}.`,
      table,
    ].join('\n\n'),
    targets: [],
  };
}

export const streaming: Bench = {
  name: 'streaming',
  summary: 'what the gateway adds to each piece of a streamed answer, beside LiteLLM',
  isolated: true,
  prepare: prepareSides,
  run: measure,
};
