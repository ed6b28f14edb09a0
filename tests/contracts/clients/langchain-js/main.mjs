// LangChain.js with Ollama and OpenAI.
import assert from 'node:assert/strict';
import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOllama, Ollama, OllamaEmbeddings } from '@langchain/ollama';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { z } from 'zod';
import { chatModel, client, collect, embedModel, run, toolModel, url } from './reporting/features.mjs';
import { greeting, isCall, isCity, toolQuestions } from './reporting/questions.mjs';

const City = z.object({ city: z.string(), big: z.boolean() });
const asked = [new SystemMessage('Be brief.'), new HumanMessage(greeting)];
const named = (name, description) =>
  tool(async () => 'rain', { name, description, schema: z.object({ city: z.string() }) });
const tools = [
  named('get_weather', 'The current weather of a city'),
  named('get_time', 'The current time in a city'),
];
const results = [
  new HumanMessage('What is the weather in Paris and in Rome?'),
  new AIMessage({
    content: '',
    tool_calls: [
      { name: 'get_weather', args: { city: 'Paris' }, id: 'a' },
      { name: 'get_weather', args: { city: 'Rome' }, id: 'b' },
    ],
  }),
  new ToolMessage({ content: 'rain', tool_call_id: 'a' }),
  new ToolMessage({ content: 'sun', tool_call_id: 'b' }),
];

function basics(feature, model) {
  feature('invoke', async () => {
    const answer = await model(chatModel, 16).invoke(asked);
    assert.ok(answer.text.length > 0 && answer.usage_metadata.output_tokens > 0);
  });
  feature('stream', async () => {
    const parts = await collect(await model(chatModel, 16).stream(asked));
    assert.ok(parts.map(({ text }) => text).join('').length > 0);
  });
  feature('results of parallel tool calls', async () => {
    const answer = await model(toolModel, 40).bindTools(tools).invoke(results);
    assert.ok(answer.usage_metadata.input_tokens > 100);
  });
  feature('structured output', async () => {
    isCity(await model(toolModel, 200).withStructuredOutput(City).invoke(greeting));
  });
}

const ollama = client('@langchain/ollama');
const overOllama = (model, numPredict) => new ChatOllama({ baseUrl: url, model, numPredict, temperature: 0 });
basics(ollama, overOllama);
ollama('tools', async () => {
  for (const question of toolQuestions) {
    const [call] = (await overOllama(toolModel, 120).bindTools(tools).invoke(question)).tool_calls;
    if (call !== undefined) return isCall(call.name, call.args);
  }
  throw new Error('none of the questions made the model call a tool');
});
ollama('completion', async () => {
  const model = new Ollama({ baseUrl: url, model: chatModel, numPredict: 8 });
  assert.ok((await model.invoke(greeting)).length > 0);
});
ollama('embeddings', async () => {
  const model = new OllamaEmbeddings({ baseUrl: url, model: embedModel });
  assert.equal((await model.embedDocuments(['a', 'b'])).length, 2);
});

const openai = client('@langchain/openai');
const overOpenai = (model, maxTokens, changed) =>
  new ChatOpenAI({
    model,
    maxTokens,
    temperature: 0,
    maxRetries: 0,
    apiKey: 'none',
    configuration: { baseURL: `${url}/v1` },
    ...changed,
  });
basics(openai, overOpenai);
openai('tools, required', async () => {
  const bound = overOpenai(toolModel, 120).bindTools(tools, { tool_choice: 'required' });
  const [call] = (await bound.invoke(toolQuestions[0])).tool_calls;
  isCall(call.name, call.args);
});
openai('tools, by name, streamed', async () => {
  const bound = overOpenai(toolModel, 120).bindTools(tools, { tool_choice: 'get_time' });
  const whole = (await collect(await bound.stream(toolQuestions[0]))).reduce((sum, part) => sum.concat(part));
  assert.equal(whole.tool_calls[0].name, 'get_time');
  isCall('get_time', whole.tool_calls[0].args);
});
openai('Responses API', async () => {
  const model = overOpenai(chatModel, 16, { useResponsesApi: true });
  assert.ok((await model.invoke(asked)).text.length > 0);
  assert.ok((await collect(await model.stream(asked))).length > 1);
  isCity(
    await overOpenai(toolModel, 200, { useResponsesApi: true }).withStructuredOutput(City).invoke(greeting),
  );
});
openai('embeddings', async () => {
  const model = new OpenAIEmbeddings({
    apiKey: 'none',
    model: embedModel,
    dimensions: 64,
    configuration: { baseURL: `${url}/v1` },
  });
  assert.deepEqual(
    (await model.embedDocuments(['a', 'b'])).map(({ length }) => length),
    [64, 64],
  );
});

await run();
