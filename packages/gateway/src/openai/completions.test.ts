import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { fakeEntry } from '../__fixtures__/fake-engine';
import { fakeWords } from '../__fixtures__/fake-worker';
import { startTestGateway, type TestGateway } from '../__fixtures__/test-gateway';
import { CompletionChoices } from './completion-form';

let at: TestGateway;
afterEach(() => at?.close());

async function client(...args: Parameters<typeof startTestGateway>): Promise<OpenAI> {
  at = await startTestGateway(...args);
  return new OpenAI({ baseURL: `${at.url}/v1`, apiKey: 'none', maxRetries: 0 });
}

describe('/v1/completions', () => {
  it('fills in between prompt and suffix, whole and streamed', async () => {
    const openai = await client();
    const ask = { model: 'smollm2', prompt: 'a', suffix: 'b', max_tokens: 7 };
    const whole = await openai.completions.create(ask);
    expect(whole.choices[0]).toMatchObject({ text: fakeWords, finish_reason: 'length' });
    const request = at.engine.fakes.get('smollm2')?.requests.at(-1);
    expect(request).toMatchObject({
      path: '/infill',
      body: { input_prefix: 'a', input_suffix: 'b', n_predict: 7 },
    });
    expect(request?.body).not.toHaveProperty('suffix');
    let text = '';
    let finish: string | null = null;
    for await (const { choices } of await openai.completions.create({ ...ask, stream: true })) {
      text += choices[0]?.text ?? '';
      finish = choices[0]?.finish_reason ?? finish;
    }
    expect([text, finish]).toEqual([fakeWords, 'stop']);
  });

  it('echoes the prompt', async () => {
    const openai = await client();
    const { choices } = await openai.completions.create({ model: 'smollm2', prompt: 'Hi ', echo: true });
    expect(choices[0]?.text).toBe(`Hi ${fakeWords}`);
    await expect(
      openai.completions.create({ model: 'smollm2', prompt: 'Hi', echo: true, logprobs: 2 }),
    ).rejects.toMatchObject({ status: 400 });
  });

  it('gives probabilities in the lists that its clients read', () => {
    const top = [
      { token: 'é', logprob: -0.1 },
      { token: 'b', logprob: -3 },
      { token: 'c', logprob: -4 },
    ];
    const choices = new CompletionChoices('', 2);
    const piece = (token: string) => ({
      choices: [
        { index: 0, text: token, logprobs: { content: [{ token, logprob: -0.1, top_logprobs: top }] } },
      ],
    });
    choices.of(piece('é'));
    expect(choices.of(piece('xy')).choices?.[0]?.logprobs).toEqual({
      tokens: ['xy'],
      token_logprobs: [-0.1],
      top_logprobs: [{ é: -0.1, b: -3 }],
      text_offset: [1],
    });
  });
});

describe('/v1/embeddings', () => {
  it('shortens vectors, as numbers and as base64', async () => {
    const openai = await client();
    const ask = { model: 'bge', input: ['a', 'b'], dimensions: 1 };
    const numbers = await openai.embeddings.create({ ...ask, encoding_format: 'float' });
    expect(numbers.data.map(({ embedding }) => embedding)).toEqual([[1], [1]]);
    // The client asks for base64 by itself, and reads it.
    const decoded = await openai.embeddings.create(ask);
    expect([...(decoded.data[1]?.embedding ?? [])]).toEqual([1]);
  });

  it('takes null for what is not asked', async () => {
    await client();
    const answer = await fetch(`${at.url}/v1/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'bge', input: 'a', encoding_format: null, dimensions: null, user: null }),
    });
    expect(answer.status).toBe(200);
    expect(at.engine.fakes.get('bge')?.requests.at(-1)?.body).toEqual({ model: 'bge', input: 'a' });
  });
});

describe('/infill', () => {
  const ask = (body: object) =>
    fetch(`${at.url}/infill`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  it('is answered by a model that fills in, the smallest where none is named', async () => {
    const capabilities = ['completion', 'chat', 'insert'] as const;
    const big = { ...fakeEntry('big', { capabilities: [...capabilities] }), sizeBytes: 2000 };
    const small = fakeEntry('small', { capabilities: [...capabilities] });
    await client({}, [fakeEntry('smollm2'), big, small]);
    expect((await ask({ input_prefix: 'a', input_suffix: 'b' })).status).toBe(200);
    expect(at.engine.started.map(({ model }) => model)).toEqual(['small']);
    expect((await ask({ model: 'big', input_prefix: 'a', input_suffix: 'b' })).status).toBe(200);
    expect(at.engine.started.at(-1)?.model).toBe('big');
  });

  it('takes a name that nobody here knows for none, as llama-server does', async () => {
    await client({}, [fakeEntry('coder', { capabilities: ['completion', 'insert'] })]);
    const answer = await ask({ model: 'google/gemini-2.5-flash', input_prefix: 'a', input_suffix: 'b' });
    expect(answer.status).toBe(200);
    expect(at.engine.started.map(({ model }) => model)).toEqual(['coder']);
  });

  it('makes no more suggestions at once than the worker has slots, and leaves it to the worker to choose the slot', async () => {
    await client({}, [fakeEntry('coder', { capabilities: ['completion', 'insert'] })]);
    await ask({ input_prefix: 'a', input_suffix: 'b', n_cmpl: 50, id_slot: 0, n_predict: 0, samplers: [] });
    const { body } = at.engine.fakes.get('coder')!.requests.at(-1)!;
    expect(body).toEqual({ input_prefix: 'a', input_suffix: 'b', n_cmpl: 2, n_predict: 0, samplers: [] });
  });

  it('says which field is missing', async () => {
    await client({}, [fakeEntry('coder', { capabilities: ['completion', 'insert'] })]);
    const answer = await ask({ input_prefix: 'a' });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('input_suffix');
  });

  it('says what to install where no model can', async () => {
    await client();
    const answer = await ask({ input_prefix: 'a', input_suffix: 'b' });
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('apt install');
  });
});
