// Every feature of Ollama's own JavaScript client.
import assert from 'node:assert/strict';
import { Ollama } from 'ollama';
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
import { city, greeting, isCall, isCity, openaiTools, pixel, toolQuestions } from './reporting/questions.mjs';

const ollama = new Ollama({ host: url });
const feature = client('ollama (JavaScript)', 'ollama');
const messages = [{ role: 'user', content: greeting }];
const short = { temperature: 0, seed: 1, num_predict: 8 };
const long = { temperature: 0, seed: 1, num_predict: 120 };
const chat = (changed) => ollama.chat({ model: chatModel, messages, options: short, ...changed });
const generate = (changed) =>
  ollama.generate({ model: chatModel, prompt: greeting, options: short, ...changed });

feature('chat', async () => {
  const answer = await chat();
  assert.equal(answer.message.role, 'assistant');
  assert.ok(answer.message.content.length > 0 && answer.done);
  assert.ok(answer.eval_count > 0 && answer.eval_count <= 8);
});

feature('chat streamed', async () => {
  const parts = await collect(await chat({ stream: true }));
  assert.ok(parts.at(-1).done && parts.length > 3);
  const whole = (await chat()).message.content;
  assert.equal(parts.map(({ message }) => message.content).join(''), whole);
});

feature('JSON schema', async () => {
  isCity((await chat({ format: city, options: long })).message.content);
  isCity((await generate({ format: city, options: long })).response);
});

feature('JSON mode', async () => {
  const asked = [{ role: 'user', content: 'Name a city as JSON: {"city": name}.' }];
  const answer = await chat({ model: toolModel, messages: asked, format: 'json', options: long });
  assert.equal(typeof JSON.parse(answer.message.content), 'object');
});

async function firstCall(stream) {
  for (const content of toolQuestions) {
    const asked = [{ role: 'user', content }];
    const got = await chat({ model: toolModel, messages: asked, tools: openaiTools, options: long, stream });
    const calls = (stream ? await collect(got) : [got]).flatMap(({ message }) => message.tool_calls ?? []);
    if (calls.length > 0) return { asked, calls };
  }
  throw new Error('none of the questions made the model call a tool');
}

feature('tools', async () => {
  const { asked, calls } = await firstCall(false);
  isCall(calls[0].function.name, calls[0].function.arguments);
  const history = [
    ...asked,
    { role: 'assistant', content: '', tool_calls: calls },
    ...calls.map((call) => ({ role: 'tool', content: 'rain', tool_name: call.function.name })),
  ];
  assert.ok((await chat({ model: toolModel, messages: history, tools: openaiTools })).done);
});

feature('tools streamed', async () => {
  const { calls } = await firstCall(true);
  isCall(calls[0].function.name, calls[0].function.arguments);
});

feature('tools refused by a model without them', async () => {
  const error = await failure(chat({ tools: openaiTools }));
  assert.equal(error.status_code, 400);
  assert.match(error.message, /does not support tools/);
});

feature('thinking refused by a model without it', async () => {
  const error = await failure(chat({ think: true }));
  assert.equal(error.status_code, 400);
  assert.match(error.message, /does not support thinking/);
});

feature('an image refused by a text model', async () => {
  const error = await failure(chat({ messages: [{ ...messages[0], images: [pixel] }] }));
  assert.equal(error.status_code, 400);
});

feature('generate', async () => {
  const answer = await generate();
  assert.ok(answer.response.length > 0 && answer.done);
  const parts = await collect(await generate({ stream: true }));
  assert.equal(parts.map(({ response }) => response).join(''), answer.response);
});

feature('generate with context', async () => {
  const { context } = await generate({ prompt: 'My name is Ada.' });
  assert.ok(context.length > 5 && context.every(Number.isInteger));
  const after = await generate({ prompt: 'What is my name?', context });
  assert.ok(after.context.length > context.length);
});

feature('generate with suffix', async () => {
  const prompt = 'def add(a, b):\n    return ';
  assert.ok((await generate({ model: toolModel, prompt, suffix: '\n\nprint(add(1, 2))\n' })).done);
});

feature('logprobs', async () => {
  const alone = await generate({ logprobs: true });
  assert.equal(alone.logprobs.length, alone.eval_count);
  const answer = await chat({ logprobs: true, top_logprobs: 3 });
  assert.ok(answer.logprobs.every(({ top_logprobs: top }) => top.length === 3));
});

feature('null options', async () => {
  assert.ok(
    (await chat({ options: { ...short, top_p: null, mirostat: null, stop: null }, format: null })).done,
  );
});

feature('keep_alive, ps', async () => {
  await generate({ prompt: '', keep_alive: '5m' });
  assert.ok((await ollama.ps()).models.some(({ name }) => name === chatModel));
  assert.equal((await generate({ prompt: '', keep_alive: 0 })).done_reason, 'unload');
});

feature('embed', async () => {
  const { embeddings } = await ollama.embed({ model: embedModel, input: ['a cat', 'a kitten'] });
  assert.equal(embeddings.length, 2);
  const { embedding } = await ollama.embeddings({ model: embedModel, prompt: 'a cat' });
  assert.equal(embedding.length, embeddings[0].length);
});

feature('embed with dimensions', async () => {
  const { embeddings } = await ollama.embed({ model: embedModel, input: 'a cat', dimensions: 64 });
  assert.equal(embeddings[0].length, 64);
});

feature('list, show', async () => {
  assert.ok((await ollama.list()).models.some(({ name }) => name === chatModel));
  // The template that stands in the weights is known while the model is loaded.
  await ollama.generate({ model: chatModel, prompt: '' });
  const shown = await ollama.show({ model: chatModel });
  assert.ok(shown.template.length > 0 && shown.capabilities.includes('completion'));
  assert.equal(shown.model_info['general.architecture'], 'llama');
});

feature('version', async () => {
  assert.match((await ollama.version()).version, /^\d+\.\d+/);
});

feature('create, copy, delete', async () => {
  const model = 'clients-parrot';
  const parts = await collect(
    await ollama.create({ model, from: chatModel, system: 'Talk like a parrot. '.repeat(10), stream: true }),
  );
  assert.equal(parts.at(-1).status, 'success');
  try {
    assert.ok((await chat({ model })).prompt_eval_count > (await chat()).prompt_eval_count + 20);
    assert.equal((await ollama.copy({ source: model, destination: `${model}2` })).status, 'success');
    assert.equal((await ollama.delete({ model: `${model}2` })).status, 'success');
  } finally {
    await ollama.delete({ model });
  }
});

feature('an unknown model', async () => {
  const error = await failure(chat({ model: 'no-such-model' }));
  assert.equal(error.status_code, 404);
  assert.match(error.message, /not found/);
});

feature('abort', async () => {
  const stream = await chat({ options: { num_predict: 2000 }, stream: true });
  const iterator = stream[Symbol.asyncIterator]();
  await iterator.next();
  stream.abort();
  const error = await failure(
    (async () => {
      while (!(await iterator.next()).done);
    })(),
  );
  assert.equal(error.name, 'AbortError');
  assert.ok((await chat()).done);
});

await run();
