import { afterEach, describe, expect, it } from 'vitest';
import { fakeEntry } from '../__fixtures__/fake-engine';
import { startTestGateway, type TestGateway } from '../__fixtures__/test-gateway';

let at: TestGateway;
afterEach(() => at.close());

/** A model that has to be asked. Its fake calls the tool at the place that the text names, such as CHOOSE_1. */
const small = () =>
  fakeEntry('small', { capabilities: ['completion', 'chat', 'tools'], toolCalling: 'asked' });

async function ask(path: string, body: object): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const sent = JSON.stringify({ model: 'small', ...body });
  return (await fetch(`${at.url}${path}`, { method: 'POST', headers, body: sent })).text();
}

const requests = () => at.engine.fakes.get('small')?.requests ?? [];
const parameters = { type: 'object', properties: { city: { type: 'string' } } };
const chatTools = ['weather', 'time'].map((name) => ({ type: 'function', function: { name, parameters } }));

const apis = [
  {
    path: '/api/chat',
    tools: chatTools,
    say: (content: string, before: object[] = []) => ({ messages: [{ role: 'user', content }, ...before] }),
    answered: [
      {
        role: 'assistant',
        content: '',
        tool_calls: [{ function: { name: 'weather', arguments: { city: 'Paris' } } }],
      },
      { role: 'tool', tool_name: 'weather', content: '11 degrees' },
    ],
  },
  {
    path: '/v1/chat/completions',
    tools: chatTools,
    say: (content: string, before: object[] = []) => ({ messages: [{ role: 'user', content }, ...before] }),
    answered: [
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'c', type: 'function', function: { name: 'weather', arguments: '{"city":"Paris"}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'c', content: '11 degrees' },
    ],
  },
  {
    path: '/v1/responses',
    tools: ['weather', 'time'].map((name) => ({ type: 'function', name, parameters })),
    say: (content: string, before: object[] = []) => ({ input: [{ role: 'user', content }, ...before] }),
    answered: [
      { type: 'function_call', call_id: 'c', name: 'weather', arguments: '{"city":"Paris"}' },
      { type: 'function_call_output', call_id: 'c', output: '11 degrees' },
    ],
  },
  {
    path: '/v1/messages',
    tools: ['weather', 'time'].map((name) => ({ name, input_schema: parameters })),
    say: (content: string, before: object[] = []) => ({
      max_tokens: 99,
      messages: [{ role: 'user', content }, ...before],
    }),
    answered: [
      {
        role: 'assistant',
        content: [{ type: 'tool_use', id: 'c', name: 'weather', input: { city: 'Paris' } }],
      },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c', content: '11 degrees' }] },
    ],
  },
];

describe.each(apis)('a small model with tools, on $path', ({ path, tools, say, answered }) => {
  it.each([true, false])('calls the one that it chooses (stream: %s)', async (stream) => {
    at = await startTestGateway({}, [small()]);
    const text = await ask(path, { stream, tools, ...say('CHOOSE_2') });
    expect(text).toContain('"time"');
    expect(text).not.toContain('general_question');
    expect(requests()).toHaveLength(1);
    // It is offered one more, and has to call one.
    expect(requests()[0]?.body['tools']).toHaveLength(3);
    const demanded = path === '/v1/messages' ? { type: 'any' } : 'required';
    expect(requests()[0]?.body['tool_choice']).toEqual(demanded);
  });

  it.each([true, false])('answers in words where it chooses none of them (stream: %s)', async (stream) => {
    at = await startTestGateway({}, [small()]);
    const text = await ask(path, { stream, tools, ...say('CHOOSE_0') });
    for (const word of ['Paris', 'capital', 'France']) expect(text).toContain(word);
    expect(text).not.toContain('general_question');
    expect(requests()).toHaveLength(2);
    expect(requests()[1]?.body).not.toHaveProperty('tools');
  });

  it.each([true, false])('does not ask again what was answered (stream: %s)', async (stream) => {
    at = await startTestGateway({}, [small()]);
    const text = await ask(path, { stream, tools, ...say('CHOOSE_1', answered) });
    for (const word of ['Paris', 'capital', 'France']) expect(text).toContain(word);
    // Another tool is the next step.
    expect(await ask(path, { stream, tools, ...say('CHOOSE_2', answered) })).toContain('"time"');
  });
});

it('leaves a tool that is named so alone, and a choice that the client has made', async () => {
  at = await startTestGateway({}, [small()]);
  const own = { type: 'function', function: { name: 'general_question', parameters } };
  await ask('/v1/chat/completions', { tools: [own], messages: [{ role: 'user', content: 'CHOOSE_1' }] });
  const names = (requests()[0]?.body['tools'] as typeof chatTools).map((tool) => tool.function.name);
  expect(names).toEqual(['general_question_', 'general_question']);
  const messages = [{ role: 'user', content: 'Hi' }];
  await ask('/v1/chat/completions', { tools: chatTools, tool_choice: 'required', messages });
  expect(requests().at(-1)?.body['tools']).toHaveLength(2);
  // Tools that may not be called are not shown: it would call them.
  await ask('/v1/chat/completions', { tools: chatTools, tool_choice: 'none', messages });
  expect(requests().at(-1)?.body).not.toHaveProperty('tools');
});

it('keeps the form of an answer for one in words', async () => {
  at = await startTestGateway({}, [small()]);
  const format = { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'object' } } };
  const messages = [{ role: 'user', content: 'CHOOSE_0' }];
  await ask('/v1/chat/completions', { tools: chatTools, response_format: format, messages });
  expect(requests().map(({ body }) => 'response_format' in body)).toEqual([false, true]);
});

it('lets a form of the answer hide no tools: a call that is demanded comes without it, and any model is asked', async () => {
  at = await startTestGateway({}, [fakeEntry('small', { capabilities: ['completion', 'chat', 'tools'] })]);
  const format = { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'object' } } };
  const messages = [{ role: 'user', content: 'CHOOSE_0' }];
  const choice = { type: 'function', function: { name: 'weather' } };
  const request = { tools: chatTools, response_format: format, messages };
  await ask('/v1/chat/completions', { ...request, tool_choice: choice });
  expect(requests()[0]?.body).toMatchObject({ tool_choice: 'required' });
  expect(requests()[0]?.body).not.toHaveProperty('response_format');
  await ask('/v1/chat/completions', request);
  const [, first, second] = requests().map(({ body }) => ['tools' in body, 'response_format' in body]);
  expect([first, second]).toEqual([
    [true, false],
    [false, true],
  ]);
});

it('does so on the API of messages too', async () => {
  at = await startTestGateway({}, [fakeEntry('small', { capabilities: ['completion', 'chat', 'tools'] })]);
  const request = {
    max_tokens: 9,
    tools: [{ name: 'weather', input_schema: parameters }],
    output_config: { format: { type: 'json_schema', schema: { type: 'object' } } },
    messages: [{ role: 'user', content: 'CHOOSE_0' }],
  };
  await ask('/v1/messages', { ...request, tool_choice: { type: 'any' } });
  expect(requests()[0]?.body).not.toHaveProperty('response_format');
  await ask('/v1/messages', request);
  const [, first, second] = requests().map(({ body }) => ['tools' in body, 'response_format' in body]);
  expect([first, second]).toEqual([
    [true, false],
    [false, true],
  ]);
});

it('gives a model that can tell its tools as they are', async () => {
  at = await startTestGateway({}, [fakeEntry('small', { capabilities: ['completion', 'chat', 'tools'] })]);
  await ask('/v1/chat/completions', { tools: chatTools, messages: [{ role: 'user', content: 'Hi' }] });
  expect(requests()[0]?.body).toMatchObject({ tools: chatTools, tool_choice: 'auto' });
});
