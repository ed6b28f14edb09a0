import { Agent, request, type IncomingMessage, type RequestOptions } from 'node:http';
import { Worker } from 'node:worker_threads';
import { summarise } from '../statistics/quantile';
import type { Address, LoadPlan, LoadResult } from './plan';
import { Schedule } from './schedule';

/** Milliseconds of CLOCK_MONOTONIC, the same in every process of this machine. */
const now = (): number => Number(process.hrtime.bigint()) / 1e6;

function optionsFor(address: Address): RequestOptions {
  return 'socketPath' in address
    ? { socketPath: address.socketPath, headers: { host: 'localhost' } }
    : { host: address.host, port: address.port };
}

/** One request; resolves when the whole answer has arrived, with its status. */
function once(plan: LoadPlan, agent: Agent | false, body: Buffer, sent: () => void): Promise<number> {
  return new Promise((resolve, reject) => {
    const base = optionsFor(plan.address);
    const call = request(
      {
        ...base,
        agent,
        method: 'POST',
        path: plan.path,
        timeout: plan.timeoutSeconds * 1000,
        headers: {
          ...base.headers,
          ...plan.headers,
          'content-type': 'application/json',
          'content-length': body.length,
        },
      },
      (answer: IncomingMessage) => {
        answer.resume();
        answer.once('end', () => resolve(answer.statusCode ?? 0));
        answer.once('error', reject);
      },
    );
    call.once('timeout', () => call.destroy(new Error('no answer in time')));
    call.once('error', reject);
    call.end(body);
    sent();
  });
}

async function run(plan: LoadPlan): Promise<LoadResult> {
  const agent = plan.connections === 'kept' ? new Agent({ keepAlive: true }) : false;
  const body = Buffer.from(JSON.stringify(plan.body));
  // Compiles what will be measured, and opens the first connections.
  for (let i = 0; i < plan.warmUp; i++) await once(plan, agent, body, () => undefined);

  const schedule = new Schedule(plan.rate, plan.seconds);
  const latencies: number[] = [];
  const service: number[] = [];
  const lateness: number[] = [];
  const failures: Record<string, number> = {};
  let outstanding = 0;
  let mostOutstanding = 0;
  const fail = (why: string): void => void (failures[why] = (failures[why] ?? 0) + 1);
  const cpuBefore = process.cpuUsage();

  const startAt = now() + 200;
  const pacer = new Worker(new URL('./pacer.mjs', import.meta.url), {
    workerData: { startAt, rate: plan.rate, count: schedule.count },
  });
  await new Promise<void>((done, broken) => {
    const finishIfDone = (): void => {
      if (schedule.isDone && outstanding === 0) done();
    };
    const start = (due: number): void => {
      // Past this a request counts as failed, and memory stays bounded.
      if (outstanding >= plan.mostOutstanding) return fail('too many outstanding');
      outstanding++;
      mostOutstanding = Math.max(mostOutstanding, outstanding);
      let sentAt = 0;
      once(plan, agent, body, () => (sentAt = now()))
        .then((status) => {
          const at = now();
          if (status !== 200) return fail(`status ${status}`);
          latencies.push(at - startAt - due);
          service.push(at - sentAt);
          lateness.push(sentAt - startAt - due);
        })
        .catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)))
        .finally(() => {
          outstanding--;
          finishIfDone();
        });
    };
    pacer.on('message', () => {
      for (const due of schedule.take(now() - startAt)) start(due);
      finishIfDone();
    });
    pacer.once('error', broken);
  });
  await pacer.terminate();
  const cpu = process.cpuUsage(cpuBefore);
  if (agent !== false) agent.destroy();
  if (latencies.length === 0) throw new Error(`no request was answered: ${JSON.stringify(failures)}`);
  return {
    latency: summarise(latencies),
    service: summarise(service),
    lateness: summarise(lateness),
    failures,
    mostOutstanding,
    generatorCpuSeconds: (cpu.user + cpu.system) / 1e6,
  };
}

const plan = JSON.parse(process.argv[2] ?? '') as LoadPlan;
process.stdout.write(`${JSON.stringify(await run(plan))}\n`);
