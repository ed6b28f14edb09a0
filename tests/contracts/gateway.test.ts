import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GatewayStatus } from '@nanite/contracts';
import { Machine } from '../harness';

/** The clients that programs really use, unmodified, against the installed gateway, engine and models. */
const checkout = resolve(import.meta.dirname, '../..');
const python = resolve(checkout, 'dist/test-clients/python');
const person = 'ada';
let machine: Machine;

beforeAll(async () => {
  mkdirSync(python, { recursive: true });
  execFileSync(
    'python3',
    [
      ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--break-system-packages'],
      ...['--target', python, '--upgrade', 'ollama==0.6.1', 'openai==2.8.1', 'anthropic==0.75.0'],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  machine = await Machine.withPackages(
    'gateway',
    [
      'nanite-gateway',
      'nanite-llama',
      'nanite-onnxruntime',
      'nanite-model-smollm2-135m-instruct',
      'nanite-model-bge-small-en-v1.5',
      'python3',
    ],
    {
      binds: [`${resolve(checkout, 'node_modules')}:/srv/node_modules`, `${python}:/srv/python`],
    },
  );
  // systemd-nspawn binds it; tzdata, which python3 needs, could not put its own in place.
  await machine.run('umount /etc/localtime', { check: false });
  machine.copy(resolve(import.meta.dirname, 'clients'), '/srv');
  await machine.run(
    `mkdir -p /etc/sysusers.d && echo 'u ${person} 1000 - /' >/etc/sysusers.d/test.conf && systemd-sysusers`,
  );
});
afterAll(() => machine?.stop());

const as = async <T>(command: string): Promise<T> =>
  JSON.parse((await machine.run(command, { user: person, timeout: 150_000 })).stdout) as T;

const fetchText = (url: string, init = '{}') =>
  `node -e 'fetch(${JSON.stringify(url)}, ${init}).then(async (r) => console.log(JSON.stringify({ status: r.status, body: await r.text() })))'`;

describe('the npm clients', () => {
  test('ollama', async () => {
    interface Found {
      whole: Record<string, unknown>;
      last: Record<string, unknown>;
      joined: string;
      formed: string;
      raw: string;
      again: string;
      stopped: string;
      embeddings: number[][];
      running: string[];
      list: string[];
      show: { template: string; capabilities: string[] };
      overflow: { status: number; message: string };
      unknown: { status: number; message: string };
      pull: { status: number };
    }
    const found = await as<Found>('node /srv/clients/ollama.mjs');
    expect(found.whole).toMatchObject({ done: true, eval_count: 5, done_reason: 'length' });
    expect(found.last).toMatchObject({ done: true, eval_count: 5 });
    expect(found.joined.length).toBeGreaterThan(5);
    expect(Object.keys(JSON.parse(found.formed) as object).sort()).toEqual(['big', 'city']);
    expect(found.raw).toContain('Paris');
    expect(found.again).toBe(found.raw);
    expect(found.stopped).toContain('5');
    expect(found.stopped).not.toContain('6');
    const [cat = [], kitten = [], market = []] = found.embeddings;
    const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
    expect(cat.length).toBe(384);
    expect(dot(cat, cat)).toBeCloseTo(1, 3);
    expect(dot(cat, kitten)).toBeGreaterThan(dot(cat, market));
    expect(found.running.sort()).toEqual(['bge-small-en-v1.5', 'smollm2:135m']);
    expect(found.list).toContain('smollm2:135m');
    expect(found.show.template).toContain('im_start');
    expect(found.overflow).toMatchObject({
      status: 400,
      message: expect.stringMatching(/\d{5} tokens.*2048/),
    });
    expect(found.unknown).toMatchObject({ status: 404, message: expect.stringContaining('smollm2') });
    expect(found.pull.status).toBe(501);
  });

  test('openai', async () => {
    const found = await as<Record<string, unknown>>('node /srv/clients/openai.mjs');
    expect(found).toMatchObject({
      whole: { object: 'chat.completion', usage: { completion_tokens: 8 } },
      completed: expect.stringContaining('Paris'),
      dimensions: [384, 384],
      models: expect.arrayContaining(['smollm2:135m']),
      overflow: { status: 400, code: 'context_length_exceeded' },
      unknown: { status: 404, code: 'model_not_found' },
    });
    expect(String(found['streamed']).length).toBeGreaterThan(5);
    expect(String(found['response']).length).toBeGreaterThan(0);
  });
});

test('the Python clients of Ollama, OpenAI and Anthropic', async () => {
  const found = await as<Record<string, unknown>>('PYTHONPATH=/srv/python python3 /srv/clients/all.py');
  expect(found).toMatchObject({
    ollama: expect.stringMatching(/\w/),
    ollama_stream: expect.stringMatching(/\w/),
    ollama_embed: 384,
    ollama_unknown: 404,
    openai: expect.stringMatching(/\w/),
    openai_embed: 384,
    openai_unknown: 'model_not_found',
    anthropic: expect.stringMatching(/\w/),
    anthropic_stream: expect.stringMatching(/\w/),
    anthropic_unknown: 'not_found_error',
  });
  expect(Number(found['anthropic_tokens'])).toBeGreaterThan(5);
});

test('everybody is known without configuration, on each way in', async () => {
  const status = (url: string) => as<{ body: string }>(fetchText(`${url}/nanite/v1/status`));
  for (const url of ['http://127.0.0.1:11434', 'http://[::1]:11434']) {
    const { you } = GatewayStatus.parse(JSON.parse((await status(url)).body));
    expect(you).toMatchObject({ uid: 1000, via: 'loopback' });
  }
  const unix = `node -e 'require("http").get({ socketPath: "/run/nanite/gateway.sock", path: "/nanite/v1/status" }, (r) => r.pipe(process.stdout))'`;
  expect(GatewayStatus.parse(await as(unix)).you).toMatchObject({ uid: 1000, via: 'unix' });
  // The positive control: another user is another user.
  const root = GatewayStatus.parse(JSON.parse((await machine.run(unix)).stdout));
  expect(root.you.uid).toBe(0);
  const log = await machine.run('journalctl -u nanite-gateway -o cat');
  expect(log.stdout).toMatch(/POST \/api\/chat uid=1000 via="loopback" model="smollm2"/);
  expect(log.stdout).not.toContain('capital of France');
});

test('nobody but the gateway’s group may ask the engine or a worker', async () => {
  const ask = (path: string) =>
    `node -e 'require("http").get({ socketPath: "${path}", path: "/v1/status" }, (r) => console.log(r.statusCode)).on("error", (e) => console.log(e.code))'`;
  const engine = '/run/nanite/engine.sock';
  expect((await machine.run(ask(engine), { user: 'nanite-gateway' })).stdout).toBe('200\n');
  expect((await machine.run(ask(engine), { user: person })).stdout).toBe('EACCES\n');
});

test('ends when there is nothing to do, and is there again for the next request', async () => {
  await machine.run(
    "mkdir -p /etc/nanite/config.d && printf 'gateway:\\n  idleSeconds: 2\\n  keepAlive: 1s\\n' >/etc/nanite/config.d/test.yaml && systemctl restart nanite-gateway",
  );
  const state = async () =>
    (await machine.run('systemctl is-active nanite-gateway', { check: false })).stdout.trim();
  expect(await as<{ status: number }>(fetchText('http://127.0.0.1:11434/api/version'))).toMatchObject({
    status: 200,
  });
  await expect.poll(state, { timeout: 60_000, interval: 1_000 }).toBe('inactive');
  expect(await as<{ status: number }>(fetchText('http://127.0.0.1:11434/api/version'))).toMatchObject({
    status: 200,
  });
});

test('where a real Ollama holds 11434, it says so and fronts it on 11435', async () => {
  await machine.run('systemctl stop nanite-gateway.service nanite-gateway-tcp.socket');
  const fake =
    'const h=require("http"); h.createServer((q,s)=>{ s.setHeader("content-type","application/json"); ' +
    's.end(JSON.stringify(q.url==="/api/version"?{version:"9.9.9"}:q.url==="/api/tags"?{models:[{name:"llama3:8b"}]}:' +
    '{model:"llama3:8b",message:{role:"assistant",content:"from the real one"},done:true})) }).listen(11434,"127.0.0.1")';
  await machine.run(`systemd-run --unit=holder /usr/bin/node -e '${fake}'; sleep 1`);
  await machine.run('systemctl start nanite-gateway-tcp.socket', { check: false });
  await expect
    .poll(
      async () =>
        (await machine.run('systemctl is-active nanite-gateway-tcp-other.socket', { check: false })).stdout,
    )
    .toBe('active\n');
  const other = 'http://127.0.0.1:11435';
  await as(fetchText(`${other}/api/version`));
  const found = async () =>
    GatewayStatus.parse(
      JSON.parse((await as<{ body: string }>(fetchText(`${other}/nanite/v1/status`))).body),
    );
  await expect
    .poll(async () => (await found()).notices.map(({ code }) => code))
    .toContain('port-taken-by-ollama');
  expect((await found()).models.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['smollm2:135m', 'ollama/llama3:8b']),
  );
  const chat = `{ method: "POST", body: JSON.stringify({ model: "llama3:8b", stream: false, messages: [{ role: "user", content: "x" }] }) }`;
  expect((await as<{ body: string }>(fetchText(`${other}/api/chat`, chat))).body).toContain(
    'from the real one',
  );
});

test('refuses to listen off loopback without TLS and a token', async () => {
  await machine.run(
    "printf 'gateway:\\n  listeners:\\n    - { host: 0.0.0.0, port: 11443 }\\n' >/etc/nanite/config.d/test.yaml",
  );
  const { code, stderr } = await machine.run('nanite-gateway', { check: false, timeout: 20_000 });
  expect(code).toBe(1);
  expect(stderr).toContain('without TLS and a token');
});
