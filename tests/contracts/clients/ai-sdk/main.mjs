// Vercel's AI SDK with its providers of OpenAI (responses and chat), OpenAI-compatible servers, Anthropic and Ollama.
import assert from 'node:assert/strict';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { embedMany, generateText, Output, stepCountIs, streamText, tool } from 'ai';
import { createOllama } from 'ollama-ai-provider-v2';
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
import { greeting, isCall, isCity, toolQuestions } from './reporting/questions.mjs';

const City = z.object({ city: z.string(), big: z.boolean() });
const weather = tool({
  description: 'The current weather of a city',
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `rain in ${city}`,
});
const weatherUnanswered = tool({
  description: 'The current weather of a city',
  inputSchema: z.object({ city: z.string() }),
});
const openai = createOpenAI({ baseURL: `${url}/v1`, apiKey: 'none' });
const compatible = createOpenAICompatible({
  name: 'here',
  baseURL: `${url}/v1`,
  apiKey: 'none',
  supportsStructuredOutputs: true,
});
const anthropic = createAnthropic({ baseURL: `${url}/v1`, apiKey: 'none' });
const ollama = createOllama({ baseURL: `${url}/api` });
const history = [
  { role: 'user', content: 'My name is Ada.' },
  { role: 'assistant', content: 'Hello Ada.' },
  { role: 'user', content: 'What is my name?' },
];

/** What every provider promises. `forces`: it passes on which tool must be called. */
function declare(packageName, label, model, { forces = true } = {}) {
  const feature = client(`AI SDK: ${label}`, packageName);
  const short = { model: model(chatModel), maxOutputTokens: 16, maxRetries: 0 };
  const able = { model: model(toolModel), maxOutputTokens: 200, maxRetries: 0, temperature: 0 };

  feature('generateText', async () => {
    const { text, usage } = await generateText({ ...short, system: 'Be brief.', prompt: greeting });
    assert.ok(text.length > 0 && usage.outputTokens > 0);
  });

  feature('generateText with a history', async () => {
    assert.ok((await generateText({ ...short, system: 'Be brief.', messages: history })).text.length > 0);
  });

  feature('streamText', async () => {
    const result = streamText({ ...short, prompt: greeting, onError: () => undefined });
    const parts = await collect(result.fullStream);
    const error = parts.find(({ type }) => type === 'error');
    assert.equal(error, undefined, `${error?.error?.name}: ${error?.error?.message?.slice(0, 500)}`);
    assert.ok(parts.some(({ type }) => type === 'text-delta') && parts.at(-1).type === 'finish');
  });

  feature('Output.object', async () => {
    isCity(
      (await generateText({ ...able, prompt: greeting, output: Output.object({ schema: City }) })).output,
    );
  });

  feature('Output.object, streamed', async () => {
    const result = streamText({
      ...able,
      prompt: greeting,
      output: Output.object({ schema: City }),
      onError: () => undefined,
    });
    await collect(result.partialOutputStream);
    isCity(await result.output);
  });

  if (forces) {
    feature('tools, required', async () => {
      const { toolCalls } = await generateText({
        ...able,
        prompt: toolQuestions[0],
        tools: { get_weather: weatherUnanswered },
        toolChoice: 'required',
      });
      isCall(toolCalls[0].toolName, toolCalls[0].input);
    });

    feature('tools, by name, streamed', async () => {
      const result = streamText({
        ...able,
        prompt: toolQuestions[0],
        tools: { get_weather: weatherUnanswered, get_time: weatherUnanswered },
        toolChoice: { type: 'tool', toolName: 'get_time' },
        onError: () => undefined,
      });
      const [call] = await result.toolCalls;
      assert.equal(call.toolName, 'get_time');
      isCall(call.toolName, call.input);
    });
  }

  feature('tools, in steps', async () => {
    for (const prompt of toolQuestions) {
      const { steps } = await generateText({
        ...able,
        prompt,
        tools: { get_weather: weather },
        stopWhen: stepCountIs(2),
      });
      const called = steps.flatMap(({ toolCalls }) => toolCalls);
      if (called.length === 0) continue;
      isCall(called[0].toolName, called[0].input);
      assert.equal(steps.length, 2);
      return;
    }
    throw new Error('none of the questions made the model call a tool');
  });

  feature('an unknown model', async () => {
    const error = await failure(generateText({ ...short, model: model('no-such-model'), prompt: greeting }));
    assert.equal(error.statusCode, 404, `${error.name} ${error.statusCode}: ${error.message}`);
  });

  return feature;
}

const embeds = (feature, model) =>
  feature('embedMany', async () => {
    const { embeddings } = await embedMany({ model, values: ['a', 'b'], maxRetries: 0 });
    assert.ok(embeddings.length === 2 && embeddings[0].length > 100);
  });

declare('@ai-sdk/openai', 'openai, responses', (name) => openai(name));
embeds(
  declare('@ai-sdk/openai', 'openai, chat', (name) => openai.chat(name)),
  openai.textEmbeddingModel(embedModel),
);
embeds(
  declare('@ai-sdk/openai-compatible', 'openai-compatible', (name) => compatible(name)),
  compatible.textEmbeddingModel(embedModel),
);
declare('@ai-sdk/anthropic', 'anthropic', (name) => anthropic(name));
embeds(
  declare('ollama-ai-provider-v2', 'ollama-ai-provider-v2', (name) => ollama(name), { forces: false }),
  ollama.textEmbeddingModel(embedModel),
);

await run();
