// Every feature of Anthropic's JavaScript client that a local server can serve.
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import { chatModel, client, collect, failure, run, toolModel, url } from './reporting/features.mjs';
import { city, greeting, isCall, isCity, pixel, time, weather } from './reporting/questions.mjs';

const anthropic = new Anthropic({ baseURL: url, apiKey: 'none', maxRetries: 0 });
const feature = client('anthropic (JavaScript)', '@anthropic-ai/sdk');
const messages = [{ role: 'user', content: greeting }];
const weatherAsked = [{ role: 'user', content: 'What is the weather in Paris?' }];
const tools = [weather, time].map(({ name, description, parameters }) => ({
  name,
  description,
  input_schema: parameters,
}));
const create = (changed, options) =>
  anthropic.messages.create({ model: chatModel, messages, max_tokens: 8, ...changed }, options);
const withTools = (changed) =>
  create({ model: toolModel, messages: weatherAsked, tools, max_tokens: 120, ...changed });

feature('messages', async () => {
  const answer = await create();
  assert.equal(answer.type, 'message');
  assert.ok(answer.content[0].text.length > 0);
  assert.ok(answer.usage.output_tokens > 0 && answer.usage.output_tokens <= 8);
});

feature('messages streamed', async () => {
  const kinds = (await collect(await create({ stream: true }))).map(({ type }) => type);
  assert.equal(kinds[0], 'message_start');
  assert.deepEqual(kinds.slice(-2), ['message_delta', 'message_stop']);
});

feature('stream helper', async () => {
  const stream = anthropic.messages.stream({ model: chatModel, messages, max_tokens: 8 });
  let text = '';
  stream.on('text', (delta) => (text += delta));
  assert.equal(await stream.finalText(), text);
});

feature('count_tokens', async () => {
  const counted = await anthropic.messages.countTokens({ model: chatModel, messages });
  const { usage } = await create();
  // What the cache held of the prompt is counted apart.
  assert.equal(counted.input_tokens, usage.input_tokens + (usage.cache_read_input_tokens ?? 0));
});

feature('tool_choice any', async () => {
  const answer = await withTools({ tool_choice: { type: 'any' } });
  assert.equal(answer.stop_reason, 'tool_use');
  const call = answer.content.find(({ type }) => type === 'tool_use');
  isCall(call.name, call.input);
});

feature('tool_choice by name', async () => {
  const answer = await withTools({ tool_choice: { type: 'tool', name: 'get_time' } });
  assert.equal(answer.content.find(({ type }) => type === 'tool_use').name, 'get_time');
});

feature('tool results', async () => {
  const first = await withTools({ tool_choice: { type: 'any' } });
  const content = first.content
    .filter(({ type }) => type === 'tool_use')
    .map(({ id }) => ({ type: 'tool_result', tool_use_id: id, content: 'rain' }));
  const history = [...weatherAsked, { role: 'assistant', content: first.content }, { role: 'user', content }];
  const second = await withTools({ messages: history, tool_choice: { type: 'none' }, max_tokens: 20 });
  assert.equal(second.content[0].type, 'text');
});

feature('tools streamed', async () => {
  const stream = anthropic.messages.stream({
    model: toolModel,
    messages: weatherAsked,
    tools,
    tool_choice: { type: 'any' },
    max_tokens: 120,
  });
  let parts = 0;
  stream.on('inputJson', () => (parts += 1));
  const call = (await stream.finalMessage()).content.find(({ type }) => type === 'tool_use');
  isCall(call.name, call.input);
  assert.ok(parts > 0);
});

feature('tools refused by a model without them', async () => {
  assert.equal((await failure(create({ tools, tool_choice: { type: 'any' } }))).status, 400);
});

feature('an image refused by a text model', async () => {
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: pixel } };
  assert.equal((await failure(create({ messages: [{ role: 'user', content: [image] }] }))).status, 400);
});

feature('structured output', async () => {
  const format = { type: 'json_schema', schema: city };
  const answer = await create({ output_config: { format }, max_tokens: 120 });
  isCity(answer.content[0].text);
});

feature('models', async () => {
  assert.ok((await collect(anthropic.models.list())).some(({ id }) => id === chatModel));
});

feature('an unknown model', async () => {
  const error = await failure(create({ model: 'no-such-model' }));
  assert.equal(error.status, 404);
  assert.equal(error.error.error.type, 'not_found_error');
});

feature('abort', async () => {
  const stream = await create({ max_tokens: 2000, stream: true });
  for await (const _ of stream) break;
  const controller = new AbortController();
  // An answer that takes seconds, on any machine.
  const long = [{ role: 'user', content: 'Write a very long story about a lighthouse, in ten chapters.' }];
  const waiting = create({ max_tokens: 2000, messages: long }, { signal: controller.signal });
  setTimeout(() => controller.abort(), 100);
  await failure(waiting);
  assert.ok((await create()).content.length > 0);
});

await run();
