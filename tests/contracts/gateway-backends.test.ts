import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { AnthropicError, GatewayStatus, OllamaError, OpenAiError } from '@nanite/contracts';
import { Machine } from '../harness';

/** Other servers behind the installed gateway, and clients from outside the machine, by lines of configuration. */
const person = 'ada';
const local = 'http://127.0.0.1:11434';
/** An address that is not loopback's, though packets to it stay in the machine (RFC 5737). */
const outside = '192.0.2.1';
const messages = [{ role: 'user', content: 'What is the capital of France?' }];
const options = { temperature: 0, seed: 1, num_predict: 8 };
let machine: Machine;

interface Got {
  status: number;
  text: string;
}

const asking =
  'let t = ""; process.stdin.on("data", (c) => (t += c)).on("end", async () => { const { url, ...init } = JSON.parse(t); ' +
  'const r = await fetch(url, init); console.log(JSON.stringify({ status: r.status, text: await r.text() })) })';

/** A request of an ordinary person; POST where there is a body. */
async function ask(url: string, body?: object, headers: Record<string, string> = {}): Promise<Got> {
  const request = {
    url,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
  };
  const { stdout } = await machine.run(`NODE_EXTRA_CA_CERTS=/etc/nanite/tls.pem node -e '${asking}'`, {
    user: person,
    input: JSON.stringify(request),
  });
  return JSON.parse(stdout) as Got;
}

/** Until somebody listens there, whatever they answer. */
const answers = (url: string): Promise<Got> => vi.waitFor(() => ask(url), { timeout: 60_000, interval: 500 });

async function good<T>(url: string, body?: object, headers?: Record<string, string>): Promise<T> {
  const { status, text } = await ask(url, body, headers);
  expect(status, text).toBe(200);
  return JSON.parse(text) as T;
}

/** One file of the administrator's, and the restart that the manual asks for. */
async function configure(gateway: object): Promise<void> {
  await machine.run(
    'mkdir -p /etc/nanite/config.d && cat >/etc/nanite/config.d/test.yaml && ' +
      'systemctl daemon-reload && systemctl reset-failed nanite-gateway; systemctl restart nanite-gateway',
    { input: JSON.stringify({ gateway }) },
  );
}

/** Whether IPAddressDeny= has an effect here. */
const firewalled = async (): Promise<boolean> => {
  const connect = `require("net").connect(8000, "${outside}").on("connect", () => process.exit(0))`;
  const denied = ['systemd-run', '--wait', '--quiet', '-p', 'IPAddressDeny=any', 'timeout', '5'];
  return (await machine.run([...denied, 'node', '-e', connect], { check: false })).code !== 0;
};

/** What the manual says to do with `systemctl edit`. */
const allowOutside = () =>
  machine.run(
    'mkdir -p /etc/systemd/system/nanite-gateway.service.d && ' +
      'cat >/etc/systemd/system/nanite-gateway.service.d/override.conf',
    { input: `[Service]\nIPAddressAllow=${outside}\n` },
  );

const names = async (): Promise<string[]> =>
  (await good<{ models: Array<{ name: string }> }>(`${local}/api/tags`)).models.map(({ name }) => name);

interface Seen {
  path: string;
  headers: Record<string, string>;
  body: Record<string, unknown>;
}

async function standIn(unit: string, host: string, port: number, key = ''): Promise<void> {
  await machine.run(
    `systemd-run --quiet --unit=${unit} /usr/bin/node /srv/clients/stand-in.mjs ${host} ${port} /run/${unit}.log ${key}`,
  );
  await answers(`http://${host}:${port}`);
  await machine.run(`rm /run/${unit}.log`);
}

async function seen(unit: string): Promise<Seen[]> {
  const { stdout } = await machine.run(`cat /run/${unit}.log`, { check: false });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Seen);
}

beforeAll(async () => {
  machine = await Machine.withPackages('gateway-backends', [
    'nanite-gateway',
    'nanite-llama',
    'nanite-model-smollm2-135m-instruct',
    'iproute2',
  ]);
  machine.copy(resolve(import.meta.dirname, 'clients'), '/srv');
  await machine.run(
    `mkdir -p /etc/sysusers.d && printf 'u ${person} 1000 - /\\nu bob 1001 - /\\n' >/etc/sysusers.d/test.conf && ` +
      `systemd-sysusers && ip address add ${outside}/32 dev lo`,
  );
  await machine.run(
    'mkdir -p /etc/nanite && cd /etc/nanite && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 ' +
      `-nodes -days 2 -subj /CN=nanite -addext subjectAltName=IP:${outside} -keyout tls.key -out tls.pem 2>/dev/null && ` +
      'chgrp nanite-gateway tls.key && chmod 0640 tls.key',
  );
});
afterAll(() => machine?.stop());

test('another llama-server', async () => {
  await machine.run(
    'systemd-run --quiet --unit=other-llama nanite-llama-server --host 127.0.0.1 --port 8090 --alias tiny -c 2048 -t 1 ' +
      '-m "$(ls /usr/share/nanite/models/smollm2-*/*.gguf)"',
  );
  await expect
    .poll(() => ask('http://127.0.0.1:8090/health').catch(() => ({ status: 0 })), { timeout: 60_000 })
    .toMatchObject({ status: 200 });
  await configure({ backends: [{ name: 'other', kind: 'llama-server', url: 'http://127.0.0.1:8090' }] });
  expect(await names()).toEqual(expect.arrayContaining(['other/tiny', 'smollm2:135m']));
  const model = 'other/tiny';
  const whole = await good<object>(`${local}/api/chat`, { model, messages, options, stream: false });
  expect(whole).toMatchObject({ model, done: true, done_reason: 'length', eval_count: 8 });
  const lines = (await ask(`${local}/api/chat`, { model, messages, options })).text.trim().split('\n');
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ done: true, eval_count: 8 });
  const joined = lines.map((line) => (JSON.parse(line) as { message: { content: string } }).message.content);
  expect(whole).toMatchObject({ message: { content: joined.join('') } });
  expect(
    await good(`${local}/api/generate`, {
      model,
      prompt: 'The capital of France is',
      raw: true,
      options,
      stream: false,
    }),
  ).toMatchObject({ response: expect.stringContaining('Paris') });
  expect(await good(`${local}/v1/chat/completions`, { model, messages, max_tokens: 8 })).toMatchObject({
    object: 'chat.completion',
    usage: { completion_tokens: 8 },
  });
  expect(await good(`${local}/v1/messages`, { model, messages, max_tokens: 8 })).toMatchObject({
    type: 'message',
    usage: { output_tokens: 8 },
  });
  // It was that server: nothing of ours is in memory.
  const status = GatewayStatus.parse(await good(`${local}/nanite/v1/status`));
  expect(status.loaded).toEqual([]);
  expect(status.backends).toMatchObject([{ name: 'other', remote: false, state: 'ready' }]);
  await machine.run('systemctl stop other-llama');
  const down = await ask(`${local}/api/chat`, { model, messages });
  expect(down.status).toBe(502);
  expect(OllamaError.parse(JSON.parse(down.text)).error).toContain('the backend other does not answer');
});

test('a second server of Ollama’s API', async () => {
  await standIn('second', '127.0.0.1', 11500);
  await configure({ backends: [{ name: 'second', kind: 'ollama', url: 'http://127.0.0.1:11500' }] });
  expect(await names()).toContain('second/llama3:8b');
  const request = { messages, stream: false, options: { num_ctx: 99 }, keep_alive: '3m' };
  for (const model of ['second/llama3:8b', 'llama3:8b']) {
    expect(
      await good(`${local}/api/chat`, { model, ...request }, { authorization: 'Bearer of-the-client' }),
    ).toMatchObject({ message: { content: 'from the stand-in' } });
    const last = (await seen('second')).at(-1);
    expect(last).toMatchObject({ path: '/api/chat', body: { model: 'llama3:8b', ...request } });
    expect(last?.headers).not.toHaveProperty('authorization');
  }
  expect(await good(`${local}/api/show`, { model: 'second/llama3:8b' })).toMatchObject({
    capabilities: ['tools'],
  });
  expect(await good(`${local}/v1/chat/completions`, { model: 'llama3:8b', messages })).toMatchObject({
    choices: [{ message: { content: 'from the stand-in' } }],
  });
});

test('a remote is off until the administrator turns remotes on, and then gets its key', async () => {
  await standIn('lab', outside, 8000, 'sesame');
  await machine.run('cd /etc/nanite && (umask 077; echo sesame >lab.key) && chown nanite-gateway lab.key');
  const url = `http://${outside}:8000`;
  const backends = [{ name: 'lab', kind: 'openai', url, keyFile: '/etc/nanite/lab.key' }];
  const model = 'remote/lab/org/big-model';
  await configure({ backends });
  expect(await names()).not.toContain(model);
  const ollama = await ask(`${local}/api/chat`, { model, messages });
  expect(ollama.status).toBe(403);
  expect(OllamaError.parse(JSON.parse(ollama.text)).error).toContain('gateway.remotes: true');
  const openai = await ask(`${local}/v1/chat/completions`, { model, messages });
  expect(openai.status).toBe(403);
  OpenAiError.parse(JSON.parse(openai.text));
  expect(await seen('lab')).toEqual([]);

  await configure({ backends, remotes: true });
  // The unit may reach this machine only, where the kernel holds units to that; inside some containers it does not.
  if (await firewalled()) {
    const shut = await ask(`${local}/api/chat`, { model, messages });
    expect(shut.status).toBe(502);
    expect(shut.text).toContain('nanite-gateway(8)');
    expect(await seen('lab')).toEqual([]);
  }

  await allowOutside();
  await configure({ backends, remotes: true });
  expect(await names()).toContain(model);
  expect(
    await good(`${local}/api/chat`, { model, messages, stream: false, options: { num_predict: 9 } }),
  ).toMatchObject({
    model,
    message: { content: 'from the stand-in' },
    prompt_eval_count: 3,
    eval_count: 4,
  });
  expect((await seen('lab')).at(-1)).toMatchObject({
    path: '/v1/chat/completions',
    headers: { authorization: 'Bearer sesame' },
    body: { model: 'org/big-model', max_tokens: 9 },
  });
  const lines = (await ask(`${local}/api/chat`, { model, messages })).text.trim().split('\n');
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ done: true, eval_count: 4 });
  const streamed = await ask(`${local}/v1/chat/completions`, { model, messages, stream: true });
  expect(streamed.text).toContain('data: [DONE]');
  expect((await ask(`${local}/api/chat`, { model, messages, options: { top_k: 3 } })).status).toBe(400);
  const anthropic = await ask(`${local}/v1/messages`, { model, messages, max_tokens: 5 });
  expect(anthropic.status).toBe(400);
  AnthropicError.parse(JSON.parse(anthropic.text));

  await machine.run('echo wrong >/etc/nanite/lab.key');
  await configure({ backends, remotes: true });
  const refused = await ask(`${local}/v1/chat/completions`, { model, messages });
  expect(refused.status).toBe(502);
  expect(refused.text).toContain('no such key');
});

describe('from outside the machine', () => {
  const far = `https://${outside}:11443`;
  const apis = [
    ['/api/chat', OllamaError],
    ['/v1/chat/completions', OpenAiError],
    ['/v1/messages', AnthropicError],
  ] as const;
  let token: string;

  beforeAll(async () => {
    const { stdout } = await machine.run(
      'nanite-gateway token laptop bob | tee /etc/nanite/config.d/tokens.yaml',
    );
    token = /nanite_\S+/.exec(stdout)?.[0] ?? '';
    await allowOutside();
    const tls = { certificate: '/etc/nanite/tls.pem', key: '/etc/nanite/tls.key' };
    await configure({ listeners: [{ host: '0.0.0.0', port: 11443, tls }] });
    await answers(far);
  });

  test.each(apis)('%s needs a token that is known', async (path, shape) => {
    const body = { model: 'smollm2', messages, max_tokens: 8, options, stream: false };
    const strangers: Array<Record<string, string>> = [
      {},
      { authorization: 'Bearer nanite_wrong' },
      { 'x-api-key': 'nanite_wrong' },
    ];
    for (const headers of strangers) {
      const { status, text } = await ask(`${far}${path}`, body, headers);
      expect(status).toBe(401);
      shape.parse(JSON.parse(text));
    }
    await good(`${far}${path}`, body, { authorization: `Bearer ${token}` });
    await good(`${far}${path}`, body, { 'x-api-key': token });
  });

  test('the token’s user asks, whoever runs the client, and the journal names both', async () => {
    const status = await good(`${far}/nanite/v1/status`, undefined, { authorization: `Bearer ${token}` });
    expect(GatewayStatus.parse(status).you).toEqual({ uid: 1001, pid: null, via: 'token', token: 'laptop' });
    const log = (await machine.run('journalctl -u nanite-gateway -o cat')).stdout;
    expect(log).toMatch(/POST \/api\/chat uid=1001 via="token" token="laptop" model="smollm2"/);
    expect(log).toMatch(/POST \/api\/chat uid=65534 via="token" status=401/);
    expect(log).not.toContain(token);
  });

  test('the loopback’s own port still asks for none', async () => {
    const { you } = GatewayStatus.parse(await good(`${local}/nanite/v1/status`));
    expect(you).toMatchObject({ uid: 1000, via: 'loopback' });
  });

  test('it starts with the machine where the administrator wants so', async () => {
    await machine.run(
      'systemctl stop nanite-gateway && systemctl add-wants multi-user.target nanite-gateway',
    );
    // What the boot does at its end.
    await machine.run('systemctl start multi-user.target');
    expect((await answers(far)).status).toBe(401);
  });

  test('without TLS there is nothing', async () => {
    await expect(ask(`http://${outside}:11443/api/version`)).rejects.toThrow('fetch failed');
  });
});
