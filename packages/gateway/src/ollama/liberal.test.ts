import { afterEach, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../__fixtures__/test-gateway';

let at: TestGateway;
afterEach(() => at.close());

async function post(path: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await fetch(`${at.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
  const text = await answer.text();
  return { status: answer.status, body: JSON.parse(text === '' ? '{}' : text) as Record<string, unknown> };
}

const lastBody = (id = 'smollm2') => at.engine.fakes.get(id)?.requests.at(-1)?.body ?? {};
const messages = [{ role: 'user', content: 'Hi' }];

describe('requests that Ollama takes, as its clients write them', () => {
  it('takes null for absent: in a request, its options, messages and calls of tools', async () => {
    at = await startTestGateway();
    const nulls = { temperature: null, num_ctx: 2048, stop: null, mirostat: null, seed: null };
    const chat = {
      model: 'thinker',
      stream: false,
      format: null,
      keep_alive: null,
      options: nulls,
      messages: [
        { role: 'user', content: 'Hi', images: null, thinking: null, tool_calls: null },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: null, function: { name: 'f', arguments: { given: null } } }],
        },
        { role: 'tool', content: 'done', tool_name: null },
      ],
    };
    expect((await post('/api/chat', chat)).status).toBe(200);
    expect(lastBody('thinker')).not.toHaveProperty('temperature');
    // Null as an argument of a tool means something.
    expect(lastBody('thinker')['messages']).toMatchObject([
      {},
      { tool_calls: [{ function: { arguments: '{"given":null}' } }] },
      {},
    ]);
    const embed = { model: 'bge', input: ['a'], truncate: null, dimensions: null, options: nulls };
    expect((await post('/api/embed', embed)).status).toBe(200);
  });

  it('cuts numbers that are to be whole, and lets the sampler judge their range', async () => {
    at = await startTestGateway();
    const options = { top_k: 40.5, top_p: 1.5, temperature: -1, num_ctx: 0, num_predict: 7.9 };
    expect((await post('/api/chat', { model: 'smollm2', stream: false, messages, options })).status).toBe(
      200,
    );
    expect(lastBody()).toMatchObject({ top_k: 40, top_p: 1.5, temperature: -1, n_predict: 7 });
  });

  it('takes a seed of 64 bits', async () => {
    at = await startTestGateway();
    const text = `{"model":"smollm2","stream":false,"messages":[{"role":"user","content":"Hi"}],"options":{"seed":9223372036854775807}}`;
    const answer = await fetch(`${at.url}/api/chat`, { method: 'POST', body: text });
    expect(answer.status).toBe(200);
    const { seed } = lastBody() as { seed: number };
    expect(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 31).toBe(true);
  });

  it('takes roles in any case, and the newer name of the system', async () => {
    at = await startTestGateway();
    const shouted = [
      { role: 'Developer', content: 'Be brief' },
      { role: 'USER', content: 'Hi' },
    ];
    expect((await post('/api/chat', { model: 'smollm2', stream: false, messages: shouted })).status).toBe(
      200,
    );
    expect(lastBody()['messages']).toMatchObject([{ role: 'system' }, { role: 'user' }]);
  });

  it('finds a model by its name with registry and namespace, and a path that ends in a slash', async () => {
    at = await startTestGateway();
    for (const model of ['library/smollm2:1b', 'registry.ollama.ai/library/smollm2', 'SmolLM2:1B']) {
      expect((await post('/api/chat/', { model, stream: false, messages })).status).toBe(200);
    }
    expect((await post('/api/show', { model: '', name: 'smollm2:1b' })).status).toBe(200);
    expect((await post('/api/show', { model: 'smollm2:1b', name: '' })).status).toBe(200);
    const { status, body } = await post('/api/show', { model: '', name: '' });
    expect([status, body['error']]).toEqual([400, 'model is required']);
  });

  it('refuses what is not of its type, by the name of the option', async () => {
    at = await startTestGateway();
    const options = { temperature: 'hot' };
    const { status, body } = await post('/api/chat', { model: 'smollm2', messages, options });
    expect(status).toBe(400);
    expect(body['error']).toContain('temperature');
  });
});

describe('probabilities', () => {
  it('are asked for where none of the likeliest tokens is', async () => {
    at = await startTestGateway();
    await post('/api/chat', { model: 'smollm2', stream: false, messages, logprobs: true });
    expect(lastBody()).toMatchObject({ logprobs: true, top_logprobs: 1 });
    await post('/api/generate', { model: 'smollm2', stream: false, raw: true, prompt: 'x', logprobs: true });
    expect(lastBody()).toMatchObject({ n_probs: 1 });
  });
});

describe('context of /api/generate', () => {
  it('comes with an answer, and goes on from there', async () => {
    at = await startTestGateway();
    const first = await post('/api/generate', { model: 'smollm2', stream: false, prompt: 'Hi' });
    const context = first.body['context'] as number[];
    expect(context.length).toBeGreaterThan(0);
    const second = await post('/api/generate', { model: 'smollm2', stream: false, prompt: 'And?', context });
    const asked = at.engine.fakes.get('smollm2')?.requests.findLast(({ path }) => path === '/completion');
    const prompt = asked?.body['prompt'] as Array<number | string>;
    expect(prompt.slice(0, -1)).toEqual(context);
    expect(prompt.at(-1)).toContain('And?');
    expect((second.body['context'] as number[]).slice(0, context.length)).toEqual(context);
  });

  it('is the last line’s in a stream, and not there for a raw prompt', async () => {
    at = await startTestGateway();
    const read = async (body: object) =>
      (await (await fetch(`${at.url}/api/generate`, { method: 'POST', body: JSON.stringify(body) })).text())
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    const lines = await read({ model: 'smollm2', prompt: 'Hi' });
    expect(lines.filter((line) => 'context' in line)).toEqual([lines.at(-1)]);
    const raw = await read({ model: 'smollm2', prompt: 'Hi', raw: true });
    expect(raw.some((line) => 'context' in line)).toBe(false);
  });
});

describe('a conversation that is too long', () => {
  const turns = (count: number) => [
    { role: 'system', content: 'COUNT' },
    ...Array.from({ length: count }, (_, at) => ({
      role: at % 2 === 0 ? 'user' : 'assistant',
      content: `turn ${at}`,
    })),
  ];
  const contents = () => (lastBody()['messages'] as Array<{ content: string }>).map(({ content }) => content);

  it('loses its oldest messages where it names a context, never the system’s', async () => {
    at = await startTestGateway();
    const options = { num_ctx: 4096 };
    const asked = { model: 'smollm2', stream: false, messages: turns(9), options };
    expect((await post('/api/chat', asked)).status).toBe(200);
    // A thousand tokens each, the fake says.
    expect(contents()).toEqual(['COUNT', 'turn 6', 'turn 7', 'turn 8']);
  });

  it('is refused with truncate: false, in words that clients know', async () => {
    at = await startTestGateway();
    const options = { num_ctx: 4096 };
    const asked = { model: 'smollm2', stream: false, messages: turns(9), options, truncate: false };
    const { status, body } = await post('/api/chat', asked);
    expect(status).toBe(400);
    expect(body['error']).toMatch(/exceeds the context length.*10000 tokens/);
  });

  it('gets a larger context where it names none, as far as the model was trained', async () => {
    at = await startTestGateway();
    expect((await post('/api/chat', { model: 'smollm2', stream: false, messages: turns(5) })).status).toBe(
      200,
    );
    expect(at.engine.started.map(({ options }) => options.context)).toEqual([null, 8192]);
    expect(contents()).toHaveLength(6);
    // More than the 8192 tokens of its training: then the oldest go.
    expect((await post('/api/chat', { model: 'smollm2', stream: false, messages: turns(11) })).status).toBe(
      200,
    );
    expect(contents()).toHaveLength(8);
  });

  it('is cut as tokens where it is a raw prompt', async () => {
    at = await startTestGateway();
    const { Ollama } = await import('ollama');
    const ollama = new Ollama({ host: at.url });
    const context = Array.from({ length: 5000 }, (_, token) => token);
    const options = { num_ctx: 4096, num_keep: 10 };
    await ollama.generate({ model: 'smollm2', prompt: 'COUNT', context, options });
    const asked = at.engine.fakes.get('smollm2')?.requests.findLast(({ path }) => path === '/completion');
    const prompt = asked?.body['prompt'] as number[];
    expect(prompt.slice(0, 11)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, context[prompt[10] ?? 0]]);
    expect(prompt.length).toBe(4096 - (4096 - 10) / 2);
  });
});

describe('a model that a package brought', () => {
  it('is pulled at once: there is nothing to fetch', async () => {
    const { fakeEntry } = await import('../__fixtures__/fake-engine');
    at = await startTestGateway({}, [{ ...fakeEntry('smollm2'), path: '/usr/share/nanite/models/smollm2' }]);
    const { Ollama } = await import('ollama');
    const ollama = new Ollama({ host: at.url });
    expect(await ollama.pull({ model: 'smollm2:1b' })).toEqual({ status: 'success' });
    const steps = [];
    for await (const { status } of await ollama.pull({ model: 'library/smollm2', stream: true }))
      steps.push(status);
    expect(steps).toEqual(['pulling manifest', 'success']);
    await expect(ollama.pull({ model: 'other' })).rejects.toMatchObject({ status_code: 501 });
  });
});
