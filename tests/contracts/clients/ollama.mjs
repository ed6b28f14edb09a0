// The real ollama client of npm against the gateway; prints what the test looks at, as JSON.
import { Ollama } from 'ollama';

const ollama = new Ollama({ host: 'http://127.0.0.1:11434' });
const model = 'smollm2';
const messages = [{ role: 'user', content: 'What is the capital of France?' }];
const options = { temperature: 0, seed: 1, num_predict: 12 };
const failure = (promise) =>
  promise.then(
    () => null,
    ({ message, status_code: status }) => ({ status, message }),
  );

// Fewer tokens than the answer has.
const short = { ...options, num_predict: 5 };
const whole = await ollama.chat({ model, messages, options: short });
const parts = [];
for await (const part of await ollama.chat({ model, messages, options: short, stream: true }))
  parts.push(part);
const schema = {
  type: 'object',
  properties: { city: { type: 'string', maxLength: 12 }, big: { type: 'boolean' } },
  required: ['city', 'big'],
};
const formed = await ollama.chat({
  model,
  messages,
  format: schema,
  options: { ...options, num_predict: 60 },
});
const raw = await ollama.generate({ model, prompt: 'The capital of France is', raw: true, options });
const again = await ollama.generate({ model, prompt: 'The capital of France is', raw: true, options });
const stopped = await ollama.generate({
  model,
  prompt: '1, 2, 3, 4,',
  raw: true,
  options: { ...options, stop: ['6'] },
});
const embedded = await ollama.embed({ model: 'bge-small', input: ['a cat', 'a kitten', 'the stock market'] });
const running = (await ollama.ps()).models.map(({ name }) => name);
const overflow = await failure(
  ollama.generate({ model, prompt: 'word '.repeat(10_000), options: { ...options, num_ctx: 2048 } }),
);
const result = {
  whole,
  last: parts.at(-1),
  joined: parts.map(({ message }) => message.content).join(''),
  formed: formed.message.content,
  raw: raw.response,
  again: again.response,
  stopped: stopped.response,
  embeddings: embedded.embeddings,
  running,
  list: (await ollama.list()).models.map(({ name }) => name),
  show: await ollama.show({ model }),
  overflow,
  unknown: await failure(ollama.chat({ model: 'smolm2', messages })),
  pull: await failure(ollama.pull({ model: 'llama3' })),
};
await ollama.generate({ model, prompt: '', keep_alive: 0 });
process.stdout.write(JSON.stringify(result));
