import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { chunk, FakeGateway, json, lastChunk } from '../__fixtures__/fake-gateway';
import { FakeStore, steps, storedModel, value } from '../__fixtures__/fake-store';
import { Nanite } from '../__fixtures__/nanite';
import { chatQuestions, whyRubbish } from './questions';
import { agreement } from './agreement';
import { judge } from './verdict';

// Each starts the program several times, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const nanite = new Nanite();
let store: FakeStore;
let gateway: FakeGateway;
const current = 'x:1b';
const staged = 'x-1b--staged';

interface Behaviour {
  says?: (question: string) => string;
  /** Tokens a second. */
  speed?: number;
  fails?: string;
}
let models: Record<string, Behaviour>;

const knows: Record<string, string> = {
  France: 'Paris.',
  '2 + 3': '5',
  Monday: 'Tuesday',
  banana: 'banana',
  Oslo: 'At 14:20.',
  hot: 'Cold',
  sea: 'The sea is wide and blue and deep.',
};
const right = (question: string): string =>
  Object.entries(knows).find(([word]) => question.includes(word))?.[1] ?? 'Hello.';

beforeAll(() => nanite.build());
afterAll(() => nanite.remove());
beforeEach(async () => {
  models = { [current]: {}, [staged]: {} };
  gateway = await new FakeGateway().start();
  gateway.on('/api/chat', ({ body }, response) => {
    const model = String(body['model']);
    const { says = right, speed = 100, fails } = models[model] ?? {};
    if (fails !== undefined) return json(response, 500, { error: fails });
    const [message] = (body['messages'] ?? []) as Array<{ content: string }>;
    const text = message === undefined ? '' : says(message.content);
    if (body['stream'] === false) return json(response, 200, JSON.parse(lastChunk(model)));
    response.write(chunk(model, text));
    response.end(lastChunk(model, { eval_count: 50, eval_duration: Math.round((50 / speed) * 1e9) }));
  });
  store = await new FakeStore(join(gateway.folder, 'models.sock')).start();
  store.on('GET /v1/models/x', value(details())).on('POST /v1/updates', ({ body }, response) => {
    const { action } = body as { action: string };
    const result = action === 'stage' ? { changes: ['model.gguf changed: aaa → bbb'] } : undefined;
    steps({ status: 'success', model: 'x-1b', result })({ method: '', path: '', body }, response);
  });
});
afterEach(async () => {
  await store.stop();
  await gateway.stop();
});

const details = (capabilities = ['completion', 'chat']) => {
  const model = storedModel(current);
  return { ...model, manifest: { ...model.manifest, capabilities }, template: null, modelfile: '' };
};
const update = (...words: string[]) =>
  nanite.run(['models', 'update', 'x', ...words], { NANITE_RUNTIME_DIR: gateway.folder });
const actions = () =>
  store.asked.flatMap(({ path, body }) =>
    path === '/v1/updates' ? [(body as { action: string }).action] : [],
  );
/** Names of models that were asked to leave the memory. */
const unloaded = () =>
  gateway.asked.filter(({ body }) => body['keep_alive'] === 0).map(({ body }) => body['model']);

describe('update', () => {
  it('tries both, shows what they did, and makes the new one current', async () => {
    const ran = await update();
    expect(ran).toMatchObject({ status: 0, stdout: expect.stringContaining('--back') });
    expect(ran.stdout).toContain('model.gguf changed');
    expect(ran.stdout).toMatch(/^right answers +6 of 6 +6 of 6$/m);
    expect(ran.stdout).toMatch(/^speed +100 tokens\/s +100 tokens\/s$/m);
    expect(actions()).toEqual(['stage', 'switch']);
    const asked = gateway.asked.flatMap(({ path, body }) =>
      path === '/api/chat' && body['keep_alive'] === undefined ? [body['model']] : [],
    );
    const each = 1 + chatQuestions.length + 2;
    expect(asked).toEqual([...Array(each).fill(current), ...Array(each).fill(staged)]);
    // What was tried leaves the memory, and so does the version that is no longer current.
    expect(unloaded()).toEqual([staged, current]);
  });

  it.each([
    ['answers rubbish', { says: () => '\uFFFD\u0001\uFFFD\u0002' }, 'not readable text'],
    ['says one word for ever', { says: () => 'the the the ' }, 'only repeats “the”'],
    ['knows nothing', { says: () => 'I would rather talk about tea.' }, 'none of its 6 answers is right'],
    [
      'does not load',
      { fails: 'x cannot be loaded: unknown model architecture' },
      '\n  unknown model architecture',
    ],
  ])('keeps the current one where the new one %s, with --yes too', async (_what, behaviour, why) => {
    models[staged] = behaviour;
    for (const words of [[], ['--yes']]) {
      store.asked.length = 0;
      const ran = await update(...words);
      expect(ran.status).toBe(1);
      expect(ran.stdout).toContain('x:1b stays as it is');
      expect(ran.stdout).toContain(why);
      expect(ran.stdout).toContain('--switch');
      expect(actions()).toEqual(['stage']);
    }
    expect((await update('--no-check')).status).toBe(0);
    expect(actions().at(-1)).toBe('switch');
  });

  it('leaves a slower one to the person', async () => {
    models[staged] = { speed: 50 };
    const ran = await update();
    expect(ran).toMatchObject({ status: 1, stdout: expect.stringContaining('--yes') });
    expect(ran.stdout).toContain('it reaches 50 tokens/s, the current one 100');
    // Tried twice: once may be chance.
    const asked = gateway.asked.filter(({ body }) => body['model'] === staged && body['stream'] === true);
    expect(asked).toHaveLength(2 * (1 + chatQuestions.length + 2));
    expect(actions()).toEqual(['stage']);
    expect((await update('--yes')).status).toBe(0);
    expect(actions().at(-1)).toBe('switch');
  });

  it('tells programs what was found', async () => {
    models[staged] = { speed: 50 };
    const ran = await update('--json');
    expect(ran.status).toBe(1);
    const lines = ran.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.at(-1)).toMatchObject({
      status: 'checked',
      check: { verdict: 'worse', staged: { right: 6, asked: 6, speed: 50, failure: null } },
    });
  });

  it('does nothing where nothing has changed, and says so', async () => {
    store.on('POST /v1/updates', steps({ status: 'success', model: 'x-1b', result: { changes: [] } }));
    expect(await update()).toMatchObject({ status: 0, stdout: 'x:1b is what its source has.\n' });
    expect(actions()).toEqual(['stage']);
  });

  it('without a gateway it stages, and says how to go on', async () => {
    await gateway.stop();
    gateway = await new FakeGateway().start();
    const env = { NANITE_RUNTIME_DIR: gateway.folder, NANITE_HOST: join(gateway.folder, 'gone.sock') };
    await store.stop();
    store = await new FakeStore(join(gateway.folder, 'models.sock'))
      .on('GET /v1/models/x', value(details()))
      .on('POST /v1/updates', steps({ status: 'success', model: 'x-1b', result: { changes: ['a is new'] } }))
      .start();
    const ran = await nanite.run(['models', 'update', 'x'], env);
    expect(ran.status).toBe(4);
    expect(ran.stderr).toContain('cannot be tried');
    expect(ran.stderr).toContain('--switch');
    expect(actions()).toEqual(['stage']);
  });

  it('goes back, and forward', async () => {
    expect((await update('--back')).stdout).toContain('earlier version again');
    expect((await update('--stage')).stdout).toContain('is staged');
    expect((await update('--switch')).status).toBe(0);
    expect(actions()).toEqual(['back', 'stage', 'switch']);
    expect(unloaded()).toEqual([current, current]);
  });

  it('tries a model that embeds by what is alike', async () => {
    store.on('GET /v1/models/x', value(details(['embedding'])));
    const vector = (text: string): number[] =>
      /invoice|bread|rain/.test(text) ? [0, 1] : [1, 0.1 * (text.length % 3)];
    gateway.on('/api/embed', ({ body }, response) => {
      const embeddings = (body['input'] as string[]).map((text) =>
        body['model'] === staged ? [text.length, 1] : vector(text),
      );
      const answer = { model: 'x', embeddings, total_duration: 1, load_duration: 1, prompt_eval_count: 1 };
      json(response, 200, answer);
    });
    const ran = await update('--json');
    const { check } = JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '') as {
      check: { current: { right: number; unit: string } };
    };
    expect(check.current).toMatchObject({ right: 3, unit: 'texts/s' });
  });

  describe('of a model that only puts texts in order', () => {
    /** Scores by words that query and text share: right, whatever the numbers are. */
    const shared = (query: string, text: string): number => {
      const words = new Set(query.toLowerCase().match(/\w{4,}/g));
      return (text.toLowerCase().match(/\w{4,}/g) ?? []).filter((word) => words.has(word)).length;
    };
    let score: (query: string, text: string) => number;
    beforeEach(() => {
      store.on('GET /v1/models/x', value(details(['rerank'])));
      gateway.on('/v1/rerank', ({ body }, response) => {
        const { model, query, documents } = body as { model: string; query: string; documents: string[] };
        const of = model === staged ? score : shared;
        const results = documents
          .map((text, index) => ({ index, relevance_score: of(query, text) }))
          .sort((a, b) => b.relevance_score - a.relevance_score);
        json(response, 200, { model, results, usage: { prompt_tokens: 1, total_tokens: 1 } });
      });
    });

    it('takes one that puts them in the same order, with numbers of its own', async () => {
      score = (query, text) => shared(query, text) / 100 - 7;
      const ran = await update();
      expect(ran, ran.stderr).toMatchObject({ status: 0 });
      expect(ran.stdout).toMatch(/right answers +3 of 3 +3 of 3/);
      expect(ran.stdout).toMatch(/texts\/s/);
      expect(actions()).toEqual(['stage', 'switch']);
    });

    it.each([
      ['in the opposite order', (query: string, text: string) => -shared(query, text), /none of its 3/],
      ['without a difference', () => 0.5, /it gives all texts the same score/],
    ])('keeps one away that puts them %s', async (_how, spoiled, why) => {
      score = spoiled;
      const ran = await update();
      expect(ran.status).toBe(1);
      expect(ran.stdout).toMatch(why);
      expect(actions()).toEqual(['stage']);
    });
  });

  it('says that one of a kind of which nothing can be asked was not tried', async () => {
    store.on('GET /v1/models/x', value(details(['vision'])));
    const ran = await update();
    expect(ran, ran.stderr).toMatchObject({ status: 0 });
    expect(ran.stdout).toContain('so it was not');
    expect(actions()).toEqual(['stage', 'switch']);
  });
});

it('tells how far two orders agree', () => {
  // Worked by hand: 1 - 6 * sum of squared differences / (n * (n * n - 1)).
  expect(agreement([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])).toBeCloseTo(0.8);
  expect(agreement([1, 2, 2, 3], [1, 2, 2, 3])).toBeCloseTo(1);
  expect(agreement([1, 2, 3], [30, 20, 10])).toBeCloseTo(-1);
  expect(agreement([1, 1, 1], [1, 2, 3])).toBeNull();
});

describe('the verdict', () => {
  const trial = (more = {}) => ({
    ...{ right: 4, asked: 6, speed: 100, unit: 'tokens/s' as const, firstToken: 0.1, failure: null },
    scores: null as number[] | null,
    ...more,
  });
  it.each([
    ['the same', {}, {}, 'take'],
    ['one answer fewer', {}, { right: 3 }, 'take'],
    ['two answers fewer', {}, { right: 2 }, 'worse'],
    ['none right', {}, { right: 0 }, 'broken'],
    ['none right before either', { right: 0 }, { right: 0 }, 'take'],
    ['a little slower', {}, { speed: 61 }, 'take'],
    ['much slower', {}, { speed: 59 }, 'worse'],
    ['late, but not by much', {}, { firstToken: 0.4 }, 'take'],
    ['late', {}, { firstToken: 0.5 }, 'worse'],
    ['the same order', { scores: [0.9, 0.5, 0.1] }, { scores: [7, 3, 1] }, 'take'],
    ['nearly the same order', { scores: [9, 7, 5, 3] }, { scores: [9, 5, 7, 3] }, 'take'],
    ['another order', { scores: [0.9, 0.5, 0.1] }, { scores: [0.1, 0.5, 0.9] }, 'worse'],
    ['in the place of one that does not load', { right: 0, speed: null, failure: 'x' }, {}, 'take'],
  ])('%s', (_what, now, next, verdict) => {
    expect(judge(trial(now), trial(next)).verdict).toBe(verdict);
  });
});

it.each([
  ['Paris.', null],
  ['日本の首都は東京です。', null],
  ['', 'empty'],
  ['... !!! ...', 'no words'],
])('tells rubbish from text: %s', (text, why) => {
  if (why === null) expect(whyRubbish([text])).toBeNull();
  else expect(whyRubbish([text])).toContain(why);
});
