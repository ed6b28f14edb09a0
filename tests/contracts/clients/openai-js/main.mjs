// Every feature of OpenAI's JavaScript client that a local server can serve.
import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import {
  chatModel,
  client,
  collect,
  embedModel,
  failure,
  run,
  toolModel,
  url,
} from './reporting/features.mjs';
import { city, greeting, isCall, isCity, openaiTools, pixel } from './reporting/questions.mjs';

const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
const feature = client('openai (JavaScript)', 'openai');
const messages = [{ role: 'user', content: greeting }];
const weatherAsked = [{ role: 'user', content: 'What is the weather in Paris?' }];
const City = z.object({ city: z.string(), big: z.boolean() });
const sure = { temperature: 0, seed: 1 };
const chat = (changed, options) =>
  openai.chat.completions.create({ model: chatModel, messages, max_tokens: 8, ...sure, ...changed }, options);
const withTools = (changed) =>
  chat({ model: toolModel, messages: weatherAsked, tools: openaiTools, max_tokens: 120, ...changed });
const respond = (changed) =>
  openai.responses.create({
    model: chatModel,
    input: greeting,
    max_output_tokens: 16,
    temperature: 0,
    ...changed,
  });
const responsesTools = openaiTools.map((tool) => ({ type: 'function', ...tool.function, strict: true }));

feature('chat', async () => {
  const answer = await chat();
  assert.equal(answer.object, 'chat.completion');
  assert.ok(answer.choices[0].message.content.length > 0);
  assert.ok(answer.usage.completion_tokens > 0 && answer.usage.completion_tokens <= 8);
});

feature('chat streamed', async () => {
  const parts = await collect(await chat({ stream: true, stream_options: { include_usage: true } }));
  assert.ok(parts.at(-1).usage.total_tokens > 0);
  const text = parts.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
  assert.equal(text, (await chat()).choices[0].message.content);
});

feature('chat stream helper', async () => {
  const stream = openai.chat.completions.stream({ model: chatModel, messages, max_tokens: 8 });
  let text = '';
  stream.on('content', (delta) => (text += delta));
  assert.equal(await stream.finalContent(), text);
});

feature('logprobs, two choices', async () => {
  const answer = await chat({ n: 2, logprobs: true, top_logprobs: 2 });
  assert.deepEqual(answer.choices.map(({ index }) => index).sort(), [0, 1]);
  assert.ok(answer.choices[0].logprobs.content.every(({ top_logprobs: top }) => top.length === 2));
});

feature('JSON schema', async () => {
  const format = { type: 'json_schema', json_schema: { name: 'city', strict: true, schema: city } };
  isCity((await chat({ response_format: format, max_tokens: 120 })).choices[0].message.content);
});

feature('JSON schema parsed', async () => {
  const answer = await openai.chat.completions.parse({
    model: toolModel,
    messages,
    response_format: zodResponseFormat(City, 'city'),
    max_tokens: 200,
    ...sure,
  });
  isCity(answer.choices[0].message.parsed);
});

feature('tool_choice required', async () => {
  const { choices } = await withTools({ tool_choice: 'required' });
  assert.equal(choices[0].finish_reason, 'tool_calls');
  const [call] = choices[0].message.tool_calls;
  assert.ok(call.id.length > 0);
  isCall(call.function.name, call.function.arguments);
});

feature('tool_choice by name', async () => {
  const choice = { type: 'function', function: { name: 'get_time' } };
  const [call] = (await withTools({ tool_choice: choice })).choices[0].message.tool_calls;
  assert.equal(call.function.name, 'get_time');
});

feature('tool_choice none', async () => {
  const { message } = (await withTools({ tool_choice: 'none', max_tokens: 40 })).choices[0];
  assert.equal((message.tool_calls ?? []).length, 0);
});

feature('tools streamed', async () => {
  const parts = await collect(await withTools({ tool_choice: 'required', stream: true }));
  const calls = parts.flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? []);
  const first = calls.filter(({ index }) => index === 0);
  const joined = (of) => first.map((call) => call.function[of] ?? '').join('');
  isCall(joined('name'), joined('arguments'));
});

feature('runTools', async () => {
  const asked = [];
  const runner = openai.chat.completions.runTools({
    model: toolModel,
    messages: weatherAsked,
    max_tokens: 120,
    ...sure,
    tool_choice: { type: 'function', function: { name: 'get_weather' } },
    tools: [
      {
        type: 'function',
        function: {
          ...openaiTools[0].function,
          parse: JSON.parse,
          function: (given) => {
            asked.push(given);
            return 'rain';
          },
        },
      },
    ],
  });
  await runner.done();
  isCall('get_weather', asked[0]);
});

feature('tools refused by a model without them', async () => {
  assert.equal((await failure(chat({ tools: openaiTools, tool_choice: 'required' }))).status, 400);
});

feature('an image refused by a text model', async () => {
  const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${pixel}` } };
  assert.equal((await failure(chat({ messages: [{ role: 'user', content: [image] }] }))).status, 400);
});

feature('completions', async () => {
  const asked = { model: chatModel, prompt: 'The capital of France is', max_tokens: 4, ...sure };
  const whole = (await openai.completions.create(asked)).choices[0].text;
  assert.ok(whole.length > 0);
  const parts = await collect(await openai.completions.create({ ...asked, stream: true }));
  assert.equal(parts.map(({ choices }) => choices[0]?.text ?? '').join(''), whole);
});

feature('responses', async () => {
  const answer = await respond();
  assert.equal(answer.object, 'response');
  assert.ok(answer.output_text.length > 0 && answer.usage.output_tokens <= 16);
});

feature('responses streamed', async () => {
  const events = await collect(await respond({ stream: true }));
  assert.deepEqual(
    events.map((event) => event.sequence_number),
    events.map((_, index) => index),
  );
  assert.deepEqual(events[0].response.output, []);
  const text = events.filter(({ type }) => type === 'response.output_text.delta').map(({ delta }) => delta);
  assert.equal(text.join(''), events.at(-1).response.output[0].content[0].text);
});

feature('responses stream helper', async () => {
  const stream = openai.responses.stream({ model: chatModel, input: greeting, max_output_tokens: 16 });
  let text = '';
  stream.on('response.output_text.delta', ({ delta }) => (text += delta));
  assert.equal((await stream.finalResponse()).output_text, text);
});

feature('responses parsed', async () => {
  const answer = await openai.responses.parse({
    model: toolModel,
    input: greeting,
    text: { format: zodTextFormat(City, 'city') },
    max_output_tokens: 200,
    temperature: 0,
  });
  isCity(answer.output_parsed);
});

feature('responses with tools', async () => {
  const asked = { model: toolModel, tools: responsesTools, max_output_tokens: 120 };
  const first = await respond({ ...asked, input: weatherAsked, tool_choice: 'required' });
  const call = first.output.find(({ type }) => type === 'function_call');
  isCall(call.name, call.arguments);
  const result = { type: 'function_call_output', call_id: call.call_id, output: 'rain' };
  const input = [...weatherAsked, ...first.output, result];
  const second = await respond({ ...asked, input, tool_choice: 'none', max_output_tokens: 40 });
  assert.ok(second.output_text.length > 0);
});

feature('responses with tools streamed', async () => {
  const stream = openai.responses.stream({
    model: toolModel,
    input: weatherAsked,
    tools: responsesTools,
    tool_choice: 'required',
    max_output_tokens: 120,
  });
  let given = '';
  stream.on('response.function_call_arguments.delta', ({ delta }) => (given += delta));
  const call = (await stream.finalResponse()).output.find(({ type }) => type === 'function_call');
  isCall(call.name, call.arguments);
  assert.ok(given.startsWith(call.arguments) || given === call.arguments);
});

feature('responses stored', async () => {
  const first = await respond({ input: 'My name is Ada.', store: true });
  const second = await respond({ input: 'What is my name?', previous_response_id: first.id });
  assert.ok(second.usage.input_tokens > (await respond({ input: 'What is my name?' })).usage.input_tokens);
  assert.equal((await openai.responses.retrieve(first.id)).id, first.id);
});

feature('embeddings', async () => {
  // Without encoding_format the client asks for base64 and decodes it.
  const { data } = await openai.embeddings.create({ model: embedModel, input: ['a', 'b'] });
  const plain = await openai.embeddings.create({
    model: embedModel,
    input: ['a', 'b'],
    encoding_format: 'float',
  });
  assert.ok(Math.abs(plain.data[0].embedding[5] - data[0].embedding[5]) < 1e-5);
  assert.equal(plain.data[0].embedding.length, data[1].embedding.length);
});

feature('embeddings with dimensions', async () => {
  const { data } = await openai.embeddings.create({ model: embedModel, input: 'a', dimensions: 64 });
  assert.equal(data[0].embedding.length, 64);
});

feature('models', async () => {
  assert.ok((await collect(openai.models.list())).some(({ id }) => id === chatModel));
  assert.equal((await openai.models.retrieve(chatModel)).object, 'model');
});

feature('an unknown model', async () => {
  const error = await failure(chat({ model: 'no-such-model' }));
  assert.equal(error.status, 404);
  assert.equal(error.code, 'model_not_found');
});

feature('abort', async () => {
  const stream = await chat({ max_tokens: 2000, stream: true });
  for await (const _ of stream) break;
  assert.ok(stream.controller.signal.aborted);
  const controller = new AbortController();
  // An answer that takes seconds, on any machine.
  const long = [{ role: 'user', content: 'Write a very long story about a lighthouse, in ten chapters.' }];
  const waiting = chat({ max_tokens: 2000, messages: long }, { signal: controller.signal });
  setTimeout(() => controller.abort(), 100);
  assert.match((await failure(waiting)).name, /Abort|Error/);
  assert.ok((await chat()).choices[0].message.content.length > 0);
});

await run();
