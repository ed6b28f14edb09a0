import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { fakeEntry } from '../__fixtures__/fake-engine';
import { startTestGateway, type TestGateway } from '../__fixtures__/test-gateway';

let at: TestGateway;
afterEach(() => at.close());

async function post(path: string, body: unknown): Promise<{ status: number; text: string }> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${at.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: answer.status, text: await answer.text() };
}

const lastBody = (id: string) => at.engine.fakes.get(id)?.requests.at(-1)?.body ?? {};

const parameters = { type: 'object', properties: { city: { type: 'string' } } };
const chatTools = ['weather', 'time'].map((name) => ({ type: 'function', function: { name, parameters } }));
const responsesTools = ['weather', 'time'].map((name) => ({ type: 'function', name, parameters }));
const anthropicTools = ['weather', 'time'].map((name) => ({ name, input_schema: parameters }));
const pixel = 'data:image/png;base64,iVBORw0KGgoAAAA';
const wave = 'UklGRiQAAABXQVZFZm10IA==';

/** One conversation in the form of each API, and the same with tools and with an image. */
const apis = [
  {
    path: '/api/chat',
    plain: { stream: false, messages: [{ role: 'user', content: 'Hi' }] },
    tools: { tools: chatTools },
    image: { messages: [{ role: 'user', content: 'Hi', images: ['iVBORw0KGgoAAAA'] }] },
    sound: { messages: [{ role: 'user', content: 'Hi', images: [wave] }] },
  },
  {
    path: '/v1/chat/completions',
    plain: { messages: [{ role: 'user', content: 'Hi' }] },
    tools: { tools: chatTools },
    image: { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: pixel } }] }] },
    sound: {
      messages: [
        { role: 'user', content: [{ type: 'input_audio', input_audio: { data: wave, format: 'wav' } }] },
      ],
    },
    elsewhere: (url: string): object[] => [
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] },
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: url }] }] },
      { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { url } }] }] },
      { messages: [{ role: 'user', content: [{ type: 'video_url', video_url: { url } }] }] },
    ],
  },
  {
    path: '/v1/responses',
    plain: { input: 'Hi' },
    tools: { tools: responsesTools },
    image: { input: [{ role: 'user', content: [{ type: 'input_image', image_url: pixel }] }] },
    sound: {
      input: [
        { role: 'user', content: [{ type: 'input_audio', input_audio: { data: wave, format: 'wav' } }] },
      ],
    },
    elsewhere: (url: string): object[] => [
      { input: [{ role: 'user', content: [{ type: 'input_image', image_url: url }] }] },
      { input: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: url } }] }] },
    ],
  },
  {
    path: '/v1/messages',
    plain: { max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] },
    tools: { tools: anthropicTools },
    image: {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo' } },
          ],
        },
      ],
    },
    elsewhere: (url: string): object[] =>
      [
        { type: 'image', source: { type: 'url', url } },
        { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'image', source: { type: 'url', url } }] },
        { type: 'image', source: { type: 'file', file_id: 'file_1' } },
      ].map((part) => ({ messages: [{ role: 'user', content: [part] }] })),
  },
];

describe.each(apis)('$path', ({ path, plain, tools, image, sound, elsewhere }) => {
  it('gives the model its persona: SYSTEM and MESSAGE of its Modelfile', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nanite-persona-'));
    const said = [
      { role: 'user', content: 'Ahoy' },
      { role: 'assistant', content: 'Arr' },
    ];
    writeFileSync(join(folder, 'record.json'), JSON.stringify({ schema: 1, messages: said }));
    const pirate = { ...fakeEntry('pirate', { system: 'You are a pirate.' }), path: folder };
    at = await startTestGateway({}, [pirate]);
    for (let turn = 0; turn < 2; turn += 1) {
      expect((await post(path, { model: 'pirate', ...plain })).status).toBe(200);
      const sent = lastBody('pirate') as {
        system?: string;
        messages: Array<{ role: string; content: unknown }>;
      };
      const system = sent.system ?? sent.messages.shift()?.content;
      expect(system).toBe('You are a pirate.');
      expect(sent.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    }
    rmSync(folder, { recursive: true });
  });

  it('samples by the model’s own parameters', async () => {
    const parameters = { temperature: 0.2, min_p: 0.3, num_ctx: 2048 };
    at = await startTestGateway({}, [fakeEntry('smollm2', { parameters })]);
    expect((await post(path, { model: 'smollm2', ...plain })).status).toBe(200);
    expect(lastBody('smollm2')).toMatchObject({ temperature: 0.2, min_p: 0.3 });
    expect(at.engine.started[0]?.options.context).toBe(2048);
  });

  it('refuses tools, images and sound that the model cannot do, and takes them where it can', async () => {
    at = await startTestGateway();
    for (const more of [tools, image, ...(sound === undefined ? [] : [sound])]) {
      const { status, text } = await post(path, { model: 'smollm2', ...plain, ...more });
      expect(status).toBe(400);
      expect(text).toMatch(/does not support (tools|images|audio)/);
      expect((await post(path, { model: 'thinker', ...plain, ...more })).status).toBe(200);
    }
    const sent = JSON.stringify(lastBody('thinker'));
    if (sound !== undefined) expect(sent).toContain(JSON.stringify({ data: wave, format: 'wav' }));
  });

  it.runIf(elsewhere)('fetches no image and no sound from elsewhere', async () => {
    at = await startTestGateway();
    const urls = ['http://127.0.0.1:1/a.png', 'HTTPS://example.org/a.png', 'file:///etc/passwd'];
    for (const more of urls.flatMap((url) => elsewhere!(url))) {
      const { status, text } = await post(path, { model: 'thinker', ...plain, ...more });
      expect(status, JSON.stringify(more)).toBe(400);
      expect(text).toMatch(/must be in the request itself|video is not supported/);
    }
    expect(at.engine.fakes.get('thinker')).toBeUndefined();
  });

  it('leaves it to the worker in which slot it computes', async () => {
    at = await startTestGateway();
    expect((await post(path, { model: 'smollm2', ...plain, id_slot: 0 })).status).toBe(200);
    expect(lastBody('smollm2')).not.toHaveProperty('id_slot');
  });

  it('refuses a conversation without a message', async () => {
    at = await startTestGateway();
    const empty = path === '/v1/responses' ? { input: [] } : { messages: [] };
    const { status, text } = await post(path, { model: 'smollm2', ...plain, ...empty });
    // To Ollama, no message means to load the model.
    if (path === '/api/chat') expect(JSON.parse(text)).toMatchObject({ done_reason: 'load' });
    else expect(status).toBe(400);
  });

  it('asks for a structured answer in the worker’s own words', async () => {
    at = await startTestGateway();
    const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
    const format = {
      '/api/chat': { format: schema },
      '/v1/chat/completions': {
        response_format: { type: 'json_schema', json_schema: { name: 'city', schema } },
      },
      '/v1/responses': { text: { format: { type: 'json_schema', name: 'city', schema } } },
      '/v1/messages': { output_config: { format: { type: 'json_schema', schema } } },
    }[path];
    expect((await post(path, { model: 'smollm2', ...plain, ...format })).status).toBe(200);
    expect(lastBody('smollm2')['response_format']).toMatchObject({
      type: 'json_schema',
      json_schema: { schema },
    });
  });
});

describe.each(apis.slice(1))('tool_choice of $path', ({ path, plain, tools }) => {
  const named = {
    '/v1/chat/completions': { type: 'function', function: { name: 'time' } },
    '/v1/responses': { type: 'function', name: 'time' },
    '/v1/messages': { type: 'tool', name: 'time' },
  }[path] as Record<string, unknown>;
  const anthropic = path === '/v1/messages';
  const ask = (choice: unknown) => post(path, { model: 'thinker', ...plain, ...tools, tool_choice: choice });
  const names = () =>
    (lastBody('thinker')['tools'] as Array<{ name?: string; function?: { name: string } }> | undefined)?.map(
      (tool) => tool.function?.name ?? tool.name,
    );

  it('offers a tool that is named alone, and requires it', async () => {
    at = await startTestGateway();
    expect((await ask(named)).status).toBe(200);
    expect(names()).toEqual(['time']);
    expect(lastBody('thinker')['tool_choice']).toEqual(anthropic ? { type: 'any' } : 'required');
  });

  it('knows none', async () => {
    at = await startTestGateway();
    expect((await ask(anthropic ? { type: 'none' } : 'none')).status).toBe(200);
    if (anthropic) expect(names()).toBeUndefined();
    else expect(lastBody('thinker')['tool_choice']).toBe('none');
  });

  it('refuses one that is not among the tools, and words that nobody knows', async () => {
    at = await startTestGateway();
    const other = JSON.parse(JSON.stringify(named).replace('"time"', '"weahter"')) as unknown;
    const { status, text } = await ask(other);
    expect(status).toBe(400);
    expect(text).toContain('weahter');
    expect((await ask('perhaps')).status).toBe(400);
  });
});
