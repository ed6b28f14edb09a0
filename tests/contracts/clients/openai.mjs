// The real openai client of npm against the gateway; prints what the test looks at, as JSON.
import OpenAI from 'openai';

const openai = new OpenAI({ baseURL: 'http://127.0.0.1:11434/v1', apiKey: 'none', maxRetries: 0 });
const model = 'smollm2';
const messages = [{ role: 'user', content: 'What is the capital of France?' }];
const failure = (promise) =>
  promise.then(
    () => null,
    ({ status, code }) => ({ status, code }),
  );

const whole = await openai.chat.completions.create({ model, messages, temperature: 0, max_tokens: 12 });
let streamed = '';
const stream = await openai.chat.completions.create({
  model,
  messages,
  temperature: 0,
  max_tokens: 12,
  stream: true,
});
for await (const part of stream) streamed += part.choices[0]?.delta.content ?? '';
const completed = await openai.completions.create({
  model,
  prompt: 'The capital of France is',
  max_tokens: 4,
  temperature: 0,
});
const response = await openai.responses.create({ model, input: 'Say hello.', max_output_tokens: 8 });
const embedded = await openai.embeddings.create({
  model: 'bge-small',
  input: ['a', 'b'],
  encoding_format: 'float',
});
const models = [];
for await (const each of openai.models.list()) models.push(each.id);
const long = [{ role: 'user', content: 'word '.repeat(10_000) }];
process.stdout.write(
  JSON.stringify({
    whole,
    streamed,
    completed: completed.choices[0].text,
    response: response.output_text,
    dimensions: embedded.data.map(({ embedding }) => embedding.length),
    models,
    overflow: await failure(openai.chat.completions.create({ model, messages: long })),
    unknown: await failure(openai.chat.completions.create({ model: 'smolm2', messages })),
  }),
);
