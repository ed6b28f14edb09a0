import { afterAll, beforeAll, expect, test } from 'vitest';
import { Machine } from '../harness';

/** What answers by default, on a machine with a small model and a better one; in order. */
const small = 'nanite-model-smollm2-135m-instruct';
const better = 'nanite-model-qwen2.5-coder-0.5b-instruct';
const sha256 = '1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32';
let machine: Machine;

beforeAll(async () => {
  machine = await Machine.withPackages('default-model', [
    ...['nanite-cli', 'nanite-gateway', 'nanite-engine', 'nanite-llama', 'nanite-gpu-detect'],
    ...[small, better],
  ]);
});
afterAll(() => machine?.stop());

const status = async (): Promise<string> => {
  const { stdout } = await machine.run('nanite status');
  return /Answers by default\n([\s\S]*?)\n\n/.exec(stdout)?.[1] ?? stdout;
};
/** As if the better model had answered so fast three times. */
const remember = async (tokensPerSecond: number): Promise<void> => {
  const kept = `{"schema":1,"models":{"${sha256}":[$s,$s,$s]}}`;
  await machine.run(
    `systemctl stop nanite-gateway.service; s='{"at":'$(date +%s)'000,"tokensPerSecond":${tokensPerSecond}}'; ` +
      `echo "${kept.replaceAll('"', '\\"')}" >/var/lib/nanite/gateway/speeds.json && ` +
      'chown nanite-gateway: /var/lib/nanite/gateway/speeds.json',
  );
};
const settings = async (text: string): Promise<void> => {
  await machine.run(
    `mkdir -p /etc/nanite/config.d && printf '%s\\n' '${text}' >/etc/nanite/config.d/test.yaml && ` +
      'systemctl stop nanite-gateway.service nanite-engine.service',
  );
};

test('the larger model that is quick answers, and the status says how quick', async () => {
  await machine.run('nanite status');
  await remember(24);
  expect(await status()).toBe(
    '  qwen2.5-coder:0.5b: the largest model here; its last answers came at 24 tokens/s',
  );
});

test('one that was slow is passed over', async () => {
  await remember(2);
  expect(await status()).toMatch(
    / {2}smollm2:135m: .*\n {4}- qwen2\.5-coder:0\.5b gives 2\.0 tokens\/s here; a default model needs 6/,
  );
});

test('with too little memory the small model is the default, and it is said why', async () => {
  await remember(24);
  await settings('engine: { memoryBytes: 600000000 }');
  expect(await status()).toMatch(
    / {2}smollm2:135m: .*\n {4}- qwen2\.5-coder:0\.5b (?:cannot run here|needs)/,
  );
});

test('settings override the choice: the machine’s, and a person’s', async () => {
  await settings('gateway: { defaultModel: smollm2 }');
  expect(await status()).toBe('  smollm2:135m: the setting gateway.defaultModel names it');
  await machine.run('nanite config set cli.model qwen2.5-coder:0.5b');
  expect(await status()).toBe('  qwen2.5-coder:0.5b: the setting cli.model names it');
  await machine.run('nanite config unset cli.model && rm /etc/nanite/config.d/test.yaml');
  await machine.run('systemctl stop nanite-gateway.service nanite-engine.service');
});

test('a model removed while it is the default: the next best answers', async () => {
  expect(await status()).toContain('qwen2.5-coder:0.5b');
  await machine.run(`apt-get remove -y ${better}`, { timeout: 300_000 });
  const { stdout } = await machine.run('nanite ask --json -n 8 Hello', { timeout: 300_000 });
  expect(JSON.parse(stdout)).toMatchObject({ model: 'smollm2:135m' });
  expect(await status()).toMatch(/^ {2}smollm2:135m: /);
});

test('a purge takes what was learnt', async () => {
  await machine.run('apt-get purge -y nanite-gateway && test ! -e /var/lib/nanite/gateway', {
    timeout: 300_000,
  });
});
