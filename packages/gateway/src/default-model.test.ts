import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GatewayClient, type ModelEntry } from '@nanite/contracts';
import { afterEach, expect, test } from 'vitest';
import { fakeEntry } from './__fixtures__/fake-engine';
import { startTestGateway, type TestGateway } from './__fixtures__/test-gateway';

let running: TestGateway | null = null;
afterEach(async () => {
  await running?.close();
  running = null;
});

const start = async (...given: Parameters<typeof startTestGateway>): Promise<GatewayClient> => {
  running = await startTestGateway(...given);
  return new GatewayClient({ kind: 'unix', socketPath: running.socket });
};
const models = (): ModelEntry[] => [
  fakeEntry('aardvark', { parameterSize: '134.5M' }),
  fakeEntry('qwen', {
    parameterSize: '1.54B',
    files: [{ role: 'weights', path: 'model.gguf', sha256: 'b'.repeat(64), size: 12_000 }],
  }),
  fakeEntry('bge', { capabilities: ['embedding'] }),
];

test('the status says what answers by default, and the client asks for it alone', async () => {
  const client = await start({}, models());
  expect(await client.defaultModel()).toBe('qwen:1b');
  expect((await client.status()).defaultModel).toEqual({
    name: 'qwen:1b',
    reason: 'the largest model here; how fast it answers is not known yet',
    passedOver: [],
  });
});

test('a model removed while it is the default: the next best answers', async () => {
  const entries = models();
  const client = await start({}, entries);
  expect(await client.defaultModel()).toBe('qwen:1b');
  entries.splice(1, 1);
  running!.engine.entries.splice(0, Infinity, ...entries);
  running!.gateway.context.catalogue.forget();
  expect(await client.defaultModel()).toBe('aardvark:1b');
});

test('a setting overrides the choice', async () => {
  const client = await start({ defaultModel: 'aardvark' }, models());
  expect(await client.defaultModel()).toBe('aardvark:1b');
});

test.each([
  ['somebody else', process.getuid!() + 4242, 'aardvark:1b'],
  ['root', 0, 'qwen:1b'],
  ['whoever asks', process.getuid!(), 'qwen:1b'],
])('a model of the store that %s fetched', async (_, uid, name) => {
  const entries = models();
  const client = await start({}, entries);
  const path = join(running!.engine.folder, 'qwen');
  mkdirSync(path);
  writeFileSync(join(path, 'record.json'), JSON.stringify({ schema: 1, uid }));
  entries[1]!.path = path;
  running!.engine.entries.splice(0, Infinity, ...entries);
  expect(await client.defaultModel()).toBe(name);
});

test('slow answers move the default to the next best model', async () => {
  const client = await start({}, models());
  const { speeds, catalogue } = running!.gateway.context;
  const qwen = (await catalogue.find('qwen'))!;
  for (let i = 0; i < 3; i++) speeds.saw(qwen, 20, 10e9);
  expect((await client.status()).defaultModel?.passedOver).toEqual([
    { name: 'qwen:1b', why: 'gives 2.0 tokens/s here; a default model needs 6' },
  ]);
});
