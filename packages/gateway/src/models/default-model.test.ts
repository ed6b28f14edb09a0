import type { ModelEntry } from '@nanite/contracts';
import { expect, test } from 'vitest';
import { fakeEntry } from '../__fixtures__/fake-engine';
import { resolveName } from './catalogue';
import { chooseDefault, type DefaultChoice } from './default-model';

const GiB = 2 ** 30;
const model = (id: string, parameterSize: string, memory: number): ModelEntry =>
  fakeEntry(id, { parameterSize, memoryBytes: memory * GiB });
const large = model('coder-large', '1.54B', 1.9);
const middle = model('coder', '494.03M', 0.7);
const small = model('smollm2', '134.52M', 0.3);
const search = fakeEntry('bge', { capabilities: ['embedding'], memoryBytes: 0.15 * GiB });
const everything = [search, middle, large, small];

const choose = (
  speeds: Record<string, number> = {},
  { entries = everything, budget = 6, ...rest }: Partial<DefaultChoice> & { budget?: number } = {},
) =>
  chooseDefault({
    entries,
    wished: null,
    find: (name) => resolveName(entries, name),
    budgetBytes: budget * GiB,
    speedOf: ({ manifest: { id } }) =>
      speeds[id] === undefined ? null : { tokensPerSecond: speeds[id], basis: 'answers' },
    isTrusted: () => Promise.resolve(true),
    ...rest,
  });

test('the largest that fits and is quick answers, and says how quick', async () => {
  expect(await choose({ 'coder-large': 10.74, coder: 24, smollm2: 150 })).toEqual({
    name: 'coder-large:1b',
    reason: 'the largest model here; its last answers came at 11 tokens/s',
    passedOver: [],
  });
});

test('one that is slower than 6 tokens/s is passed over for the next', async () => {
  expect(await choose({ 'coder-large': 5.9, coder: 6 })).toEqual({
    name: 'coder:1b',
    reason: 'the largest model here that fits and is fast enough; its last answers came at 6.0 tokens/s',
    passedOver: [{ name: 'coder-large:1b', why: 'gives 5.9 tokens/s here; a default model needs 6' }],
  });
});

test('where none is quick the quickest answers', async () => {
  const chosen = await choose({ 'coder-large': 0.5, coder: 1, smollm2: 3 });
  expect(chosen.name).toBe('smollm2:1b');
  expect(chosen.reason).toBe('no model here reaches 6 tokens/s; this is the fastest');
  expect(chosen.passedOver.map(({ name }) => name)).toEqual(['coder-large:1b', 'coder:1b']);
});

test('2 GiB of memory: SmolLM2 answers beside search, and it is said why', async () => {
  const refused = {
    runnable: false,
    memoryBytes: null,
    why: 'coder-large needs 1.9 GiB, models may take 1.0 GiB',
  };
  const chosen = await choose({}, { entries: [search, small, { ...large, ...refused }], budget: 1 });
  expect(chosen).toEqual({
    name: 'smollm2:1b',
    reason: 'the largest model here that fits and is fast enough; how fast it answers is not known yet',
    passedOver: [{ name: 'coder-large:1b', why: `cannot run here: ${refused.why}` }],
  });
});

test('one that fits alone, and not beside the model for search, is passed over', async () => {
  const chosen = await choose({}, { budget: 2 });
  expect(chosen.name).toBe('coder:1b');
  expect(chosen.passedOver).toEqual([
    { name: 'coder-large:1b', why: 'needs 1.9 GiB, and search 0.1 GiB; models may take 2.0 GiB here' },
  ]);
});

test('a model that somebody else made is neither taken nor named', async () => {
  const theirs = model('aardvark', '7B', 1);
  const isTrusted = (entry: ModelEntry) => Promise.resolve(entry !== theirs);
  expect(await choose({}, { entries: [theirs, ...everything], isTrusted })).toMatchObject({
    name: 'coder-large:1b',
    passedOver: [],
  });
});

test('the setting decides, as long as its model is there and runs', async () => {
  expect(await choose({}, { wished: 'smollm2' })).toMatchObject({
    name: 'smollm2:1b',
    reason: 'the setting gateway.defaultModel names it',
  });
  const gone = await choose({}, { wished: 'llama3:8b' });
  expect(gone.name).toBe('coder-large:1b');
  expect(gone.passedOver).toEqual([
    { name: 'llama3:8b', why: 'gateway.defaultModel names it, but it is not installed' },
  ]);
});

test('the next best answers once the default is removed; without any that chats, nothing', async () => {
  expect((await choose()).name).toBe('coder-large:1b');
  expect((await choose({}, { entries: [search, middle, small] })).name).toBe('coder:1b');
  expect(await choose({}, { entries: [search] })).toEqual({
    name: null,
    reason: 'no model here can chat',
    passedOver: [],
  });
});

test('of like size the one that can do more answers; 8x7B is more than 34B', async () => {
  const tools = fakeEntry('z-tools', {
    parameterSize: '1.54B',
    capabilities: ['completion', 'chat', 'tools'],
  });
  expect((await choose({}, { entries: [large, tools] })).name).toBe('z-tools:1b');
  const experts = model('mixture', '8x7B', 1);
  expect((await choose({}, { entries: [model('dense', '34B', 1), experts] })).name).toBe('mixture:1b');
});
