import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { fakeWords } from './__fixtures__/fake-worker';
import { startTestGateway, type TestGateway } from './__fixtures__/test-gateway';

let at: TestGateway;
afterEach(() => at.close());

async function client(...args: Parameters<typeof startTestGateway>): Promise<OpenAI> {
  at = await startTestGateway(...args);
  return new OpenAI({ baseURL: `${at.url}/v1`, apiKey: 'none', maxRetries: 0 });
}

const messages = [{ role: 'user' as const, content: 'Hi' }];

describe('the openai npm client', () => {
  it('chats, whole and streamed', async () => {
    const openai = await client();
    const whole = await openai.chat.completions.create({ model: 'smollm2', messages });
    expect(whole.choices[0]?.message.content).toBe(fakeWords);
    expect(whole.usage?.prompt_tokens).toBe(5);
    let text = '';
    for await (const part of await openai.chat.completions.create({
      model: 'smollm2',
      messages,
      stream: true,
    })) {
      text += part.choices[0]?.delta.content ?? '';
    }
    expect(text).toBe(fakeWords);
  });

  it('sends every field to the worker as it came', async () => {
    const openai = await client();
    const extra = { model: 'smollm2', messages, temperature: 0.25, min_p: 0.5, grammar: 'root ::= "a"' };
    await openai.chat.completions.create(extra);
    expect(at.engine.fakes.get('smollm2')?.requests.at(-1)?.body).toEqual({ ...extra, context_shift: false });
  });

  it('takes an answer back as it was read, with the fields that are null', async () => {
    const openai = await client();
    const read = {
      role: 'assistant',
      content: 'Hi',
      refusal: null,
      audio: null,
      tool_calls: null,
      name: null,
    };
    const conversation = [...messages, read as never, { role: 'developer' as const, content: 'Be brief' }];
    await openai.chat.completions.create({ model: 'smollm2', messages: conversation });
    expect(at.engine.fakes.get('smollm2')?.requests.at(-1)?.body['messages']).toEqual([
      ...messages,
      { role: 'assistant', content: 'Hi' },
      { role: 'system', content: 'Be brief' },
    ]);
  });

  it('adds the model’s sampling defaults where the request names none', async () => {
    const { fakeEntry } = await import('./__fixtures__/fake-engine');
    const openai = await client({}, [fakeEntry('smollm2', { parameters: { temperature: 0.2, top_p: 0.5 } })]);
    await openai.chat.completions.create({ model: 'smollm2', messages, temperature: 1 });
    expect(at.engine.fakes.get('smollm2')?.requests.at(-1)?.body).toMatchObject({
      temperature: 1,
      top_p: 0.5,
    });
  });

  it('completes, embeds, responds', async () => {
    const openai = await client();
    const completed = await openai.completions.create({ model: 'smollm2', prompt: 'Hi' });
    expect(completed.choices[0]?.text).toBe(fakeWords);
    const embedded = await openai.embeddings.create({
      model: 'bge',
      input: ['a', 'b'],
      encoding_format: 'float',
    });
    expect(embedded.data.map(({ embedding }) => embedding.length)).toEqual([4, 4]);
    const response = await openai.responses.create({ model: 'smollm2', input: 'Hi' });
    expect(response.output_text).toBe(fakeWords);
    let text = '';
    for await (const event of await openai.responses.create({
      model: 'smollm2',
      input: 'Hi',
      stream: true,
    })) {
      if (event.type === 'response.output_text.delta') text += event.delta;
    }
    expect(text).toBe(fakeWords);
  });

  it('lists models and finds one', async () => {
    const openai = await client();
    const ids = [];
    for await (const model of openai.models.list()) ids.push(model.id);
    expect(ids).toEqual(['smollm2:1b', 'thinker:1b', 'bge:1b']);
    expect(await openai.models.retrieve('smollm2')).toMatchObject({ id: 'smollm2', object: 'model' });
    await expect(openai.models.retrieve('a/b')).rejects.toMatchObject({ status: 404 });
  });

  it('gets errors as its own: unknown model, context overflow, what a model cannot do', async () => {
    const openai = await client();
    await expect(openai.chat.completions.create({ model: 'smollm', messages })).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
      param: 'model',
      message: expect.stringContaining('smollm2'),
    });
    await expect(
      openai.chat.completions.create({ model: 'smollm2', messages: [{ role: 'user', content: 'OVERFLOW' }] }),
    ).rejects.toMatchObject({
      status: 400,
      code: 'context_length_exceeded',
      message: expect.stringContaining('maximum context length is 2048 tokens'),
    });
    await expect(openai.embeddings.create({ model: 'smollm2', input: 'x' })).rejects.toMatchObject({
      status: 400,
    });
  });

  it('is told at once when the worker dies, and the next request gets a new one', async () => {
    const openai = await client();
    const dying = [{ role: 'user' as const, content: 'DIE' }];
    await expect(openai.chat.completions.create({ model: 'smollm2', messages: dying })).rejects.toMatchObject(
      {
        status: 502,
        code: 'worker_died',
      },
    );
    at.engine.running.clear();
    const parts: string[] = [];
    await expect(async () => {
      const stream = await openai.chat.completions.create({
        model: 'smollm2',
        messages: dying,
        stream: true,
      });
      for await (const part of stream) parts.push(part.choices[0]?.delta.content ?? '');
    }).rejects.toThrow('ended in the middle');
    expect(parts.join('')).toContain('Paris');
    at.engine.running.clear();
    const next = await openai.chat.completions.create({ model: 'smollm2', messages });
    expect(next.choices[0]?.message.content).toBe(fakeWords);
    expect(at.engine.started.length).toBe(3);
  });

  it('tells the worker when a client goes in the middle of a stream', async () => {
    const openai = await client();
    const slow = [{ role: 'user' as const, content: 'SLOW' }];
    const stream = await openai.chat.completions.create({ model: 'smollm2', messages: slow, stream: true });
    for await (const _ of stream) break;
    await expect.poll(() => at.engine.fakes.get('smollm2')?.cancelled).toBe(1);
  });
});
