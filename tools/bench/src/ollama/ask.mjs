// Runs in the network of a machine: ask a server that speaks Ollama's API, and say when its words came.
// Argument: { url, model, tokens, unload, rounds: string[][] } as JSON; the prompts of a round are asked at once.
// Prints, for each round, { tokens, sentAt, firstTokenAt, lastTokenAt } of each prompt; seconds of CLOCK_MONOTONIC.
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const { url, model, tokens, unload, rounds } = JSON.parse(process.argv[2]);
const now = () => Number(process.hrtime.bigint()) / 1e9;

const post = (path, body, arrived) =>
  new Promise((resolve, reject) => {
    const text = JSON.stringify(body);
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const call = request(`${url}${path}`, { method: 'POST', agent: false, headers }, (answer) => {
      let said = '';
      answer.setEncoding('utf8').on('data', (part) => {
        arrived?.push(now());
        said += part;
      });
      answer.once('error', reject).once('end', () => {
        if (answer.statusCode === 200) resolve(said);
        else reject(new Error(`${path}: status ${answer.statusCode}: ${said.slice(0, 500)}`));
      });
    });
    call.once('error', reject).end(text);
  });

async function ask(content) {
  const arrived = [];
  const sentAt = now();
  const said = await post(
    '/api/chat',
    {
      model,
      messages: [{ role: 'user', content }],
      options: { num_predict: tokens, temperature: 0, num_ctx: 2048 },
      keep_alive: '10m',
    },
    arrived,
  );
  const last = JSON.parse(said.trimEnd().split('\n').at(-1));
  if (last.done !== true) throw new Error(`no whole answer: ${said.slice(-500)}`);
  return { tokens: last.eval_count, sentAt, firstTokenAt: arrived[0], lastTokenAt: arrived.at(-1) };
}

async function unloaded() {
  await post('/api/generate', { model, keep_alive: 0 });
  for (let waited = 0; waited < 30; waited += 0.1) {
    const { models } = await (await fetch(`${url}/api/ps`)).json();
    if (models.length === 0) {
      // Its process has ended too.
      await sleep(1000);
      return;
    }
    await sleep(100);
  }
  throw new Error(`${model} is still loaded after 30 s`);
}

const results = [];
for (const prompts of rounds) {
  if (unload) await unloaded();
  results.push(await Promise.all(prompts.map(ask)));
}
console.log(JSON.stringify(results));
