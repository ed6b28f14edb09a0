/**
 * Reads streamed answers of the fake worker and tells how long after its sending each piece arrived.
 *
 *   stream-client.ts PLAN   (StreamPlan as JSON) → StreamResult as JSON
 */
import { Agent, request } from 'node:http';
import { chunksOfAnswer, stampsIn } from '../fakes/stamp';
import { summarise } from '../statistics/quantile';
import type { StreamPlan, StreamResult } from './plan';

/** Milliseconds after its sending at which each piece of one answer arrived. */
function readStream(plan: StreamPlan, agent: Agent): Promise<number[]> {
  const { address } = plan;
  const body = Buffer.from(JSON.stringify(plan.body));
  return new Promise((resolve, reject) => {
    const call = request(
      {
        ...('socketPath' in address ? { socketPath: address.socketPath } : address),
        agent,
        method: 'POST',
        path: plan.path,
        timeout: 30_000,
        headers: { host: 'localhost', 'content-type': 'application/json', 'content-length': body.length },
      },
      (answer) => {
        const latencies: number[] = [];
        let rest = '';
        answer.setEncoding('utf8').on('data', (text: string) => {
          const now = process.hrtime.bigint();
          rest += text;
          const whole = rest.lastIndexOf(';') + 1;
          for (const stamp of stampsIn(rest.slice(0, whole))) latencies.push(Number(now - stamp) / 1e6);
          rest = rest.slice(whole);
        });
        answer.once('error', reject);
        answer.once('end', () => {
          if (answer.statusCode === 200 && latencies.length === chunksOfAnswer) resolve(latencies);
          else
            reject(new Error(`status ${answer.statusCode}, ${latencies.length} pieces; ${rest.slice(-300)}`));
        });
      },
    );
    call.once('timeout', () => call.destroy(new Error('no data for 30 s')));
    call.once('error', reject);
    call.end(body);
  });
}

const plan = JSON.parse(process.argv[2] ?? '') as StreamPlan;
const agent = new Agent({ keepAlive: true });
await readStream(plan, agent);
const latencies: number[] = [];
await Promise.all(
  Array.from({ length: plan.clients }, async () => {
    for (let i = 0; i < plan.answersEach; i++) latencies.push(...(await readStream(plan, agent)));
  }),
);
agent.destroy();
const result: StreamResult = { chunk: summarise(latencies), chunks: latencies.length };
process.stdout.write(`${JSON.stringify(result)}\n`);
