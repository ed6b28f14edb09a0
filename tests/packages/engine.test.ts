import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Machine } from '../harness';

/** The engine in a booted trixie, with llama.cpp, ONNX Runtime and real weights. The tests run in order. */
const packages = [
  'nanite-engine',
  'nanite-llama',
  'nanite-onnxruntime',
  'nanite-model-smollm2-135m-instruct',
  'nanite-model-bge-small-en-v1.5',
  'polkitd',
];
const chat = 'smollm2-135m-instruct-q4-1';
const embedding = 'bge-small-en-v1.5';
const unit = `nanite-model@${chat}.service`;
let machine: Machine;

beforeAll(async () => {
  machine = await Machine.withPackages('engine-package', packages);
  await machine.run('useradd --create-home ada');
});
afterAll(() => machine?.stop());

/** A request over a unix socket by the Node inside, so that no other client is needed. */
const ask = async (
  socket: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: Record<string, unknown> | null }> => {
  const script = `
    const [socketPath, method, path, body] = JSON.parse(require('fs').readFileSync(0, 'utf8'));
    const call = require('http').request({ socketPath, method, path }, (answer) => {
      let text = '';
      answer.on('data', (part) => (text += part));
      answer.on('end', () => console.log(JSON.stringify({ status: answer.statusCode, body: text ? JSON.parse(text) : null })));
      answer.on('error', (error) => console.log(JSON.stringify({ status: 0, body: { error: error.code } })));
    });
    call.on('error', (error) => console.log(JSON.stringify({ status: 0, body: { error: error.code } })));
    call.end(body === null ? undefined : JSON.stringify(body));`;
  const { stdout } = await machine.run(['node', '-e', script], {
    input: JSON.stringify([socket, method, path, body ?? null]),
  });
  return JSON.parse(stdout) as { status: number; body: Record<string, unknown> | null };
};
const engine = (method: string, path: string, body?: unknown) =>
  ask('/run/nanite/engine.sock', method, path, body);
const worker = (id: string, path: string, body?: unknown) =>
  ask(`/run/nanite/model/${id}/worker.sock`, body === undefined ? 'GET' : 'POST', path, body);
const start = (model: string, options = {}) => engine('POST', '/v1/workers', { model, options });
const show = async (property: string, of = unit) =>
  (await machine.run(`systemctl show --value -p ${property} ${of}`)).stdout.trim();

test('runs only when asked', async () => {
  expect((await machine.run('systemctl is-active nanite-engine.service', { check: false })).stdout).toBe(
    'inactive\n',
  );
  const { body } = await engine('GET', '/v1/status');
  expect(body).toMatchObject({ launcher: 'systemd', workers: [], backends: ['cpu'] });
});

test('lists the models with what they need', async () => {
  const { body } = await engine('GET', '/v1/models');
  const models = body!['models'] as Array<{
    manifest: { id: string };
    runnable: boolean;
    memoryBytes: number;
  }>;
  expect(models.map((model) => [model.manifest.id, model.runnable])).toEqual([
    [embedding, true],
    [chat, true],
  ]);
});

test('another user may not ask the engine, nor a worker', async () => {
  await start(chat);
  const connect = (user: string, socket: string) =>
    machine.run(
      [
        'node',
        '-e',
        `require('net').connect('${socket}').on('connect',()=>process.exit(0)).on('error',(e)=>{console.log(e.code);process.exit(1)})`,
      ],
      { user, check: false },
    );
  const worked = `/run/nanite/model/${chat}/worker.sock`;
  for (const socket of ['/run/nanite/engine.sock', worked]) {
    // The group is what lets one in: positive control.
    expect((await connect('nanite-engine', socket)).code).toBe(0);
    expect(await connect('ada', socket)).toMatchObject({ code: 1, stdout: 'EACCES\n' });
  }
});

test('a chat model answers, and memory is as estimated', async () => {
  const { body } = await start(chat);
  const plan = body!['plan'] as { memoryBytes: number; slots: number; context: number };
  const answers = await Promise.all(
    Array.from({ length: plan.slots }, () =>
      worker(chat, '/completion', { prompt: 'word '.repeat(200), n_predict: 2 }),
    ),
  );
  const { stdout: journal } = await machine.run(`journalctl -o cat --no-pager -u ${unit} | tail -n20`);
  expect(
    answers.map((answer) => answer.status),
    journal,
  ).toEqual(answers.map(() => 200));
  const { stdout } = await machine.run(`grep VmHWM /proc/${await show('MainPID')}/status`);
  const peak = Number(/(\d+) kB/.exec(stdout)![1]) * 1024;
  console.log(`peak ${peak}, estimate ${plan.memoryBytes}, ratio ${(plan.memoryBytes / peak).toFixed(3)}`);
  expect(plan.memoryBytes / peak).toBeGreaterThan(0.9);
  expect(plan.memoryBytes / peak).toBeLessThan(1.1);
  expect(Number(await show('MemoryMax'))).toBeGreaterThan(plan.memoryBytes);
});

test('a prompt that is longer than the context is a clear error', async () => {
  const { status, body } = await worker(chat, '/completion', {
    prompt: 'word '.repeat(10_000),
    n_predict: 4,
  });
  expect(status).toBe(400);
  expect(body).toMatchObject({ error: { type: 'exceed_context_size_error', n_ctx: 4096 } });
});

test('an embedding model embeds like with like', async () => {
  await start(embedding);
  const input = ['A cat sat on the mat.', 'A kitten rests on a rug.', 'Interest rates were raised again.'];
  const { body } = await worker(embedding, '/v1/embeddings', { input });
  const vectors = (body!['data'] as Array<{ embedding: number[] }>).map((item) => item.embedding);
  const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
  expect(vectors[0]).toHaveLength(384);
  expect(dot(vectors[0]!, vectors[0]!)).toBeCloseTo(1, 4);
  expect(dot(vectors[0]!, vectors[1]!)).toBeGreaterThan(dot(vectors[0]!, vectors[2]!) + 0.1);
  const long = 'word '.repeat(2000);
  expect((await worker(embedding, '/v1/embeddings', { input: long })).status).toBe(400);
  expect((await worker(embedding, '/v1/embeddings', { input: long, truncate: true })).status).toBe(200);
});

test('a worker killed under a request gives an error at once, and the next request a new worker', async () => {
  const before = await show('MainPID');
  const answering = worker(chat, '/completion', {
    prompt: 'Once upon a time',
    n_predict: 4000,
    ignore_eos: true,
  });
  await machine.run('sleep 1');
  await machine.run(`systemctl kill --signal=KILL ${unit}`);
  expect((await answering).status).toBe(0);
  const { status, body } = await start(chat);
  expect(status).toBe(200);
  expect(String(body!['pid'])).not.toBe(before);
  expect((await engine('GET', '/v1/status')).body!['faults']).toMatchObject([
    { model: chat, status: 'KILL' },
  ]);
});

test('workers outlive the engine, and the next one finds them', async () => {
  const before = await show('MainPID');
  await machine.run('systemctl restart nanite-engine.service');
  expect((await engine('GET', '/v1/workers')).body!['workers']).toHaveLength(2);
  await start(chat);
  expect(await show('MainPID')).toBe(before);
});

test('a worker that ends late, for the processor is wanted elsewhere, has not failed', async () => {
  const pid = await show('MainPID');
  await machine.run(
    `kill -STOP ${pid}; systemctl stop --no-block ${unit}; sleep 8; kill -CONT ${pid}; systemctl stop ${unit}`,
  );
  expect(await show('Result')).toBe('success');
  expect(await show('ActiveState')).toBe('inactive');
  await start(chat);
  expect(await show('ActiveState')).toBe('active');
});

describe('files that are bad', () => {
  const make = async (id: string, command: string): Promise<void> => {
    const from = `/usr/share/nanite/models/${chat}`;
    const to = `/var/lib/nanite/models/${id}`;
    await machine.run(`mkdir -p ${to} && cp ${from}/* ${to}/ && cd ${to} && ${command}`);
    await machine.run([
      'node',
      '-e',
      `const fs = require('fs'); const m = JSON.parse(fs.readFileSync('${to}/manifest.json', 'utf8')); m.id = '${id}';
       if ('${id}' !== 'short') m.files[0].size = fs.statSync('${to}/model.gguf').size;
       fs.writeFileSync('${to}/manifest.json', JSON.stringify(m))`,
    ]);
  };

  test.each([
    ['short', 'truncate -s 1M model.gguf', /bytes instead of/],
    ['truncated', 'truncate -s 50M model.gguf', /cannot be loaded/],
    ['not-gguf', "printf 'MZ' | dd of=model.gguf conv=notrunc status=none", /not a GGUF/],
    [
      'hostile',
      "printf '\\377\\377\\377\\377\\377\\377\\377\\177' | dd of=model.gguf bs=1 seek=16 conv=notrunc status=none",
      /cannot be loaded/,
    ],
  ])('%s is refused with a reason, and the others go on', async (id, command, reason) => {
    await make(id, command);
    const { status, body } = await start(id);
    console.log(id, JSON.stringify(body));
    expect(status).toBe(422);
    expect(body).toMatchObject({
      error: { code: 'model-refused', message: expect.stringMatching(reason) as string },
    });
    expect((await worker(chat, '/health')).status).toBe(200);
    await machine.run(`rm -r /var/lib/nanite/models/${id}`);
  });
});

test('an illegal instruction leads to the next lower CPU variant, and that is remembered', async () => {
  const list = async (skip = '') =>
    (await machine.run(`GGML_SKIP_BACKENDS=${skip} /usr/lib/nanite/llama/llama-server --list-backends`))
      .stdout;
  const best = /libggml-(cpu-\S+)\.so/.exec(await list())![1]!;
  await engine('DELETE', `/v1/workers/${chat}`);
  // Stands for a variant that the processor promises and cannot run: the real program, unless its best is left out.
  await machine.run(
    `cd /usr/lib/nanite/llama && mv llama-server llama-server.real && cat >llama-server && chmod +x llama-server`,
    {
      input: `#!/bin/sh\ncase "$1 \${GGML_SKIP_BACKENDS:-}" in --list*|--version*|*${best}*) exec /usr/lib/nanite/llama/llama-server.real "$@" ;; esac\nkill -ILL $$\n`,
    },
  );
  const { status, body } = await start(chat);
  expect(status).toBe(200);
  const plan = body!['plan'] as { cpuVariant: string; reasons: string[] };
  expect(plan.cpuVariant).toBe(/libggml-(cpu-\S+)\.so/.exec(await list(best))![1]);
  expect(plan.reasons.join(' ')).toContain('illegal instruction');
  await machine.run('systemctl restart nanite-engine.service');
  expect((await engine('POST', '/v1/plan', { model: chat })).body!['cpuVariant']).toBe(plan.cpuVariant);
  await machine.run('cd /usr/lib/nanite/llama && mv llama-server.real llama-server');
});

test('the engine may start and stop these units, and no others', async () => {
  await engine('DELETE', `/v1/workers/${chat}`);
  const systemctl = (...args: string[]) =>
    machine.run(['systemctl', '--no-ask-password', ...args], { user: 'nanite-engine', check: false });
  // Positive control: it can do what it is for.
  expect((await systemctl('start', unit)).code).toBe(0);
  expect((await systemctl('stop', unit)).code).toBe(0);
  expect((await systemctl('set-property', '--runtime', unit, 'MemoryMax=1G')).code).toBe(0);
  for (const args of [
    ['stop', 'systemd-journald.service'],
    ['start', 'systemd-tmpfiles-clean.service'],
    ['set-property', '--runtime', 'nanite-models.slice', 'MemoryMax=1'],
    ['kill', 'systemd-journald.service'],
    ['daemon-reload'],
    ['poweroff'],
  ]) {
    const { code, stderr } = await systemctl(...args);
    expect.soft(code, args.join(' ')).not.toBe(0);
    expect.soft(stderr, args.join(' ')).toMatch(/authentication|denied|authorized|permi/i);
  }
  // Nor may anyone else start a model's unit.
  const other = await machine.run(['systemctl', '--no-ask-password', 'start', unit], {
    user: 'ada',
    check: false,
  });
  expect(other.code).not.toBe(0);
});

test('a worker has no network', async () => {
  const listener = `require('net').createServer((c) => c.end()).listen(8099, '127.0.0.1')`;
  await machine.run(`systemd-run --quiet --unit=listener node -e "${listener}"`);
  await machine.run('sleep 1');
  const dial = `require('net').connect(8099,'127.0.0.1').on('connect',()=>process.exit(0)).on('error',(e)=>{console.error(e.code);process.exit(1)})`;
  const probe = async (dropIn: string) => {
    await machine.run(
      `mkdir -p /etc/systemd/system/nanite-model@probe.service.d && cat >/etc/systemd/system/nanite-model@probe.service.d/t.conf && systemctl daemon-reload && touch /run/nanite/engine/probe.env`,
      {
        input: `[Service]\nType=oneshot\nExecStart=\nExecStart=/usr/bin/node -e "${dial}"\nExecStopPost=\n${dropIn}`,
      },
    );
    return (await machine.run('systemctl start nanite-model@probe.service', { check: false })).code;
  };
  // Positive control: without its guards the same unit connects.
  expect(await probe('PrivateNetwork=no\nRestrictAddressFamilies=\n')).toBe(0);
  expect(await probe('')).not.toBe(0);
  // Each guard holds alone.
  expect(await probe('PrivateNetwork=no\n')).not.toBe(0);
  expect(await probe('RestrictAddressFamilies=\n')).not.toBe(0);
  await machine.run(
    'rm -r /etc/systemd/system/nanite-model@probe.service.d && systemctl daemon-reload && systemctl stop listener',
  );
});

test('a quota on all models gives fewer threads', async () => {
  await machine.run('systemctl set-property --runtime nanite-models.slice CPUQuota=100%');
  await machine.run('sleep 3');
  const { body } = await engine('POST', '/v1/plan', { model: chat });
  expect(body).toMatchObject({ threads: 1, threadsBatch: 1 });
  await machine.run('systemctl set-property --runtime nanite-models.slice CPUQuota=');
});

test('purging leaves nothing', async () => {
  await machine.run("rm -rf /var/lib/nanite/models && apt-get purge -y 'nanite*'");
  const { stdout } = await machine.run(
    "systemctl list-units --state=active --plain --no-legend 'nanite-model*' 'nanite-engine*'; " +
      "find /etc /usr /var/lib -path /var/lib/apt -prune -o -path /var/lib/dpkg -prune -o -iname '*nanite*' -print",
  );
  expect(stdout.trim()).toBe('');
});
