import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ggufFile } from '@nanite/gguf';
import { Ollama } from 'ollama';
import { afterEach, describe, expect, it } from 'vitest';
import { OllamaChatResponse, OllamaGenerateResponse } from '@nanite/contracts';
import { fakeEntry } from './__fixtures__/fake-engine';
import { fakeWords } from './__fixtures__/fake-worker';
import { startTestGateway, type TestGateway } from './__fixtures__/test-gateway';

let at: TestGateway;
afterEach(() => at.close());

async function client(...args: Parameters<typeof startTestGateway>): Promise<Ollama> {
  at = await startTestGateway(...args);
  return new Ollama({ host: at.url });
}

/** What the worker was last asked to write, besides counting and templates. */
const lastBody = (id = 'smollm2') =>
  at.engine.fakes
    .get(id)
    ?.requests.findLast(({ path }) => ['/v1/chat/completions', '/completion', '/infill'].includes(path))
    ?.body ?? {};

describe('the ollama npm client', () => {
  it('chats, whole', async () => {
    const ollama = await client();
    const answer = await ollama.chat({ model: 'smollm2', messages: [{ role: 'user', content: 'Hi' }] });
    expect(answer.message).toEqual({ role: 'assistant', content: fakeWords });
    expect(answer).toMatchObject({ model: 'smollm2', done: true, done_reason: 'stop' });
    expect(answer).toMatchObject({
      prompt_eval_count: 5,
      eval_count: 9,
      prompt_eval_duration: 10_500_000,
      eval_duration: 20_250_000,
    });
    expect(answer.load_duration).toBeGreaterThan(0);
    expect(answer.total_duration).toBeGreaterThan(answer.load_duration);
    OllamaChatResponse.parse(answer);
  });

  it('chats, in pieces that join to the same text', async () => {
    const ollama = await client();
    const parts = [];
    for await (const part of await ollama.chat({
      model: 'smollm2:1b',
      messages: [{ role: 'user', content: 'Hi SLOW' }],
      stream: true,
    })) {
      parts.push(part);
    }
    expect(parts.map(({ message }) => message.content).join('')).toBe(fakeWords);
    expect(parts.length).toBeGreaterThan(5);
    expect(parts.slice(0, -1).every(({ done }) => !done)).toBe(true);
    expect(parts.at(-1)).toMatchObject({ done: true, done_reason: 'stop', eval_count: 9 });
  });

  it('generates in the template, raw, and between two texts', async () => {
    const ollama = await client();
    const templated = await ollama.generate({ model: 'smollm2', prompt: 'Hi', system: 'Be brief' });
    expect(templated.response).toBe(fakeWords);
    expect(lastBody()['messages']).toEqual([
      { role: 'system', content: 'Be brief' },
      { role: 'user', content: 'Hi' },
    ]);
    OllamaGenerateResponse.parse(templated);

    const raw = await ollama.generate({ model: 'smollm2', prompt: '<s>Hi', raw: true, stream: true });
    let text = '';
    for await (const part of raw) text += part.response;
    expect(text).toBe(fakeWords);
    expect(lastBody()).toMatchObject({ prompt: '<s>Hi' });

    const middle = await ollama.generate({ model: 'smollm2', prompt: 'a', suffix: 'b' });
    expect(lastBody()).toMatchObject({ input_prefix: 'a', input_suffix: 'b' });
    expect(middle.done_reason).toBe('length');
  });

  it('hands on every sampling option, format, and the model’s own defaults', async () => {
    const { fakeEntry } = await import('./__fixtures__/fake-engine');
    const ollama = await client({}, [
      fakeEntry('smollm2', { parameters: { temperature: 0.2, top_k: 7 }, system: 'You are kind.' }),
    ]);
    await ollama.chat({
      model: 'smollm2',
      messages: [{ role: 'user', content: 'Hi' }],
      format: { type: 'object', properties: { city: { type: 'string' } } },
      options: {
        temperature: 0.5,
        top_p: 0.8,
        min_p: 0.1,
        typical_p: 0.9,
        repeat_last_n: -1,
        repeat_penalty: 1.2,
        presence_penalty: 0.1,
        frequency_penalty: 0.2,
        mirostat: 2,
        mirostat_tau: 4,
        mirostat_eta: 0.2,
        seed: 42,
        stop: ['END'],
        num_predict: 12,
        num_keep: 3,
      },
    });
    expect(lastBody()).toMatchObject({
      messages: [
        { role: 'system', content: 'You are kind.' },
        { role: 'user', content: 'Hi' },
      ],
      temperature: 0.5,
      top_k: 7,
      top_p: 0.8,
      min_p: 0.1,
      typical_p: 0.9,
      repeat_last_n: 4096,
      repeat_penalty: 1.2,
      presence_penalty: 0.1,
      frequency_penalty: 0.2,
      mirostat: 2,
      mirostat_tau: 4,
      mirostat_eta: 0.2,
      seed: 42,
      stop: ['END'],
      n_predict: 12,
      n_keep: 3,
      response_format: { type: 'json_schema', json_schema: { schema: { type: 'object' } } },
    });
  });

  it('gets tool calls whole, streamed and not, and sends their results', async () => {
    const ollama = await client();
    const tools = [
      { type: 'function', function: { name: 'weather', description: '', parameters: { type: 'object' } } },
    ];
    const messages = [{ role: 'user', content: 'CALL it' }];
    const whole = await ollama.chat({ model: 'thinker', messages, tools });
    const call = { function: { name: 'weather', arguments: { city: 'Paris' } } };
    expect(whole.message.tool_calls).toMatchObject([call]);
    const streamed = [];
    for await (const part of await ollama.chat({ model: 'thinker', messages, tools, stream: true })) {
      streamed.push(...(part.message.tool_calls ?? []));
    }
    expect(streamed).toMatchObject([call]);

    await ollama.chat({
      model: 'thinker',
      messages: [...messages, whole.message, { role: 'tool', tool_name: 'weather', content: '11 degrees' }],
      tools,
    });
    expect(lastBody('thinker')['messages']).toMatchObject([
      { role: 'user' },
      { role: 'assistant', tool_calls: [{ id: 'call_1', function: { arguments: '{"city":"Paris"}' } }] },
      { role: 'tool', tool_call_id: 'call_1', content: '11 degrees' },
    ]);
  });

  it('thinks, and refuses to where the model cannot', async () => {
    const ollama = await client();
    const messages = [{ role: 'user', content: 'THINK' }];
    const answer = await ollama.chat({ model: 'thinker', messages, think: true });
    expect(answer.message.thinking).toBe('Hmm.');
    expect(lastBody('thinker')['chat_template_kwargs']).toEqual({ enable_thinking: true });
    await expect(ollama.chat({ model: 'smollm2', messages, think: true })).rejects.toThrow(
      'does not support thinking',
    );
  });

  it('refuses tools, images and embeddings that the model cannot do', async () => {
    const ollama = await client();
    const messages = [{ role: 'user', content: 'x' }];
    const tools = [{ type: 'function', function: { name: 'f', description: '', parameters: {} } }];
    await expect(ollama.chat({ model: 'smollm2', messages, tools })).rejects.toThrow(
      'does not support tools',
    );
    await expect(
      ollama.generate({ model: 'smollm2', prompt: 'x', images: ['iVBORw0KGgoAAAA'] }),
    ).rejects.toThrow('does not support images');
    await expect(ollama.embed({ model: 'smollm2', input: 'x' })).rejects.toThrow(
      'does not support embeddings',
    );
    await expect(ollama.chat({ model: 'bge', messages })).rejects.toThrow('does not support chat');
  });

  it('refuses what Ollama has and we have not, rather than leave it out', async () => {
    const ollama = await client();
    await expect(
      ollama.generate({ model: 'smollm2', prompt: 'x', template: '{{ .Prompt }}' }),
    ).rejects.toThrow('template');
    await expect(
      ollama.generate({ model: 'smollm2', prompt: 'x', raw: true, context: [1, 2] }),
    ).rejects.toThrow('raw mode does not support');
  });

  it('sends images to a model that sees', async () => {
    const ollama = await client();
    await ollama.generate({ model: 'thinker', prompt: 'What?', images: ['iVBORw0KGgoAAAA'] });
    expect(lastBody('thinker')['messages']).toEqual([
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgoAAAA' } },
          { type: 'text', text: 'What?' },
        ],
      },
    ]);
  });

  it('embeds one text, many, none, and in fewer dimensions', async () => {
    const ollama = await client();
    const many = await ollama.embed({ model: 'bge', input: ['a', 'b'] });
    expect(many.embeddings).toEqual([
      [0.6, 0.8, 0, 0],
      [0.6, 0.8, 0, 1],
    ]);
    expect((await ollama.embed({ model: 'bge', input: [] })).embeddings).toEqual([]);
    const short = await ollama.embed({ model: 'bge', input: 'a', dimensions: 1 } as never);
    expect(short.embeddings).toEqual([[1]]);
    expect((await ollama.embeddings({ model: 'bge', prompt: 'a' })).embedding).toEqual([0.6, 0.8, 0, 0]);
  });

  it('lists, shows, and tells what is in memory', async () => {
    const ollama = await client();
    const { models } = await ollama.list();
    expect(models.map(({ name }) => name)).toEqual(['smollm2:1b', 'thinker:1b', 'bge:1b']);
    expect(models[0]).toMatchObject({ digest: 'a'.repeat(64), details: { quantization_level: 'Q4_1' } });
    expect((await ollama.ps()).models).toEqual([]);
    await ollama.generate({ model: 'smollm2', prompt: '', keep_alive: '10m' });
    const [loaded] = (await ollama.ps()).models;
    expect(loaded?.name).toBe('smollm2:1b');
    const minutes = (new Date(loaded?.expires_at ?? 0).getTime() - Date.now()) / 60_000;
    expect(minutes).toBeGreaterThan(9);
    expect(minutes).toBeLessThan(10.1);
    const shown = await ollama.show({ model: 'SmolLM2' });
    expect(shown).toMatchObject({ license: 'Apache-2.0' });
    expect(shown.capabilities).toEqual(['completion']);
    expect(shown.model_info).toMatchObject({ 'llama.context_length': 8192 });
    expect((await ollama.version()).version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('shows the template that the weights carry, before they were ever loaded', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nanite-template-'));
    const metadata = [['tokenizer.chat_template', { type: 'string', value: '{{ messages }}' }]] as const;
    writeFileSync(join(folder, 'm.gguf'), ggufFile({ metadata, tensors: [] }));
    const files = [{ role: 'weights' as const, path: 'm.gguf', sha256: 'a'.repeat(64), size: 1 }];
    at = await startTestGateway({}, [{ ...fakeEntry('made', { files }), path: folder }]);
    const shown = await new Ollama({ host: at.url }).show({ model: 'made' });
    expect(shown.template).toBe('{{ messages }}');
    rmSync(folder, { recursive: true });
  });

  it('shows what a model was made from, and the text of its licence', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nanite-shown-'));
    const template = '{% for m in messages %}{{ m.content }}{% endfor %}';
    writeFileSync(join(folder, 'chat_template.jinja'), template);
    const record = {
      ...{ schema: 1, lineage: ['base:1b', 'older:1b'], licenceText: 'LICENCE\nTEXT' },
      messages: [{ role: 'user', content: 'Ahoy' }],
    };
    writeFileSync(join(folder, 'record.json'), JSON.stringify(record));
    const files = [
      { role: 'weights' as const, path: 'm.gguf', sha256: 'a'.repeat(64), size: 1 },
      { role: 'template' as const, path: 'chat_template.jinja', sha256: 'b'.repeat(64), size: 1 },
    ];
    const made = fakeEntry('made', { files, system: 'Be brief.', parameters: { stop: ['END'], top_k: 3 } });
    at = await startTestGateway({}, [{ ...made, path: folder }]);
    const shown = await new Ollama({ host: at.url }).show({ model: 'made' });
    expect(shown).toMatchObject({
      license: 'LICENCE\nTEXT',
      template,
      messages: [{ role: 'user', content: 'Ahoy' }],
      details: { parent_model: 'base:1b' },
      model_info: { 'nanite.lineage': ['base:1b', 'older:1b'], 'general.license': 'Apache-2.0' },
    });
    const lines = [
      'FROM base:1b',
      `TEMPLATE """${template}"""`,
      'SYSTEM """Be brief."""',
      'PARAMETER stop END',
    ];
    for (const line of [...lines, 'MESSAGE user Ahoy', 'LICENSE """LICENCE'])
      expect(shown.modelfile).toContain(`\n${line}\n`);
    rmSync(folder, { recursive: true });
  });

  it('loads and unloads with an empty prompt', async () => {
    const ollama = await client();
    expect(await ollama.generate({ model: 'smollm2', prompt: '' })).toMatchObject({ done_reason: 'load' });
    expect(at.engine.running.has('smollm2')).toBe(true);
    const gone = await ollama.generate({ model: 'smollm2', prompt: '', keep_alive: 0 });
    expect(gone).toMatchObject({ done_reason: 'unload', response: '' });
    expect(at.engine.stopped).toEqual(['smollm2']);
    const chat = await ollama.chat({ model: 'smollm2', messages: [] });
    expect(chat).toMatchObject({ done_reason: 'load', message: { content: '' } });
  });

  it('starts the worker anew for a larger num_ctx, and holds a smaller one', async () => {
    const ollama = await client();
    const ask = (prompt: string, num_ctx: number, num_predict = -1) =>
      ollama.generate({ model: 'smollm2', prompt, options: { num_ctx, num_predict } });
    await ask('x', 2048);
    await ask('x', 8192);
    expect(at.engine.started.map(({ options }) => options.context)).toEqual([2048, 8192]);
    // 500 tokens, the fake says.
    await expect(ask('x'.repeat(2000), 400)).rejects.toThrow('500 tokens, the context holds 400');
    const prompt = 'x'.repeat(2000);
    const held = { model: 'smollm2', prompt, shift: false, options: { num_ctx: 600 } };
    await ollama.generate(held as never);
    expect(lastBody()['n_predict']).toBe(100);
    await ollama.generate({ ...held, shift: true } as never);
    expect(lastBody()).toMatchObject({ n_predict: 81_920, context_shift: true });
    expect(at.engine.started.length).toBe(2);
    // More than the model was trained for: what it has.
    await ask('x', 100_000);
    expect(at.engine.started.length).toBe(2);
  });

  it('is told the truth about what needs the model manager', async () => {
    const ollama = await client();
    await expect(ollama.pull({ model: 'llama3' })).rejects.toMatchObject({ status_code: 501 });
    await expect(ollama.delete({ model: 'smollm2' })).rejects.toThrow('model manager');
    await expect(ollama.copy({ source: 'a', destination: 'b' })).rejects.toThrow('not installed');
  });

  it('aborts: the worker is told', async () => {
    const ollama = await client();
    const stream = await ollama.chat({
      model: 'smollm2',
      messages: [{ role: 'user', content: 'SLOW' }],
      stream: true,
    });
    await expect(async () => {
      for await (const _ of stream) stream.abort();
    }).rejects.toThrow();
    await expect.poll(() => at.engine.fakes.get('smollm2')?.cancelled).toBe(1);
    await expect.poll(() => at.gateway.context.broker.view()[0]?.running).toBe(0);
  });
});
