// The real ollama and openai clients of npm, asking for models; prints what the test looks at, as JSON.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Ollama } from 'ollama';
import OpenAI from 'openai';

const [, , reference, weights] = process.argv;
const ollama = new Ollama({ host: 'http://127.0.0.1:11434' });
const openai = new OpenAI({ baseURL: 'http://127.0.0.1:11434/v1', apiKey: 'none', maxRetries: 0 });
const failure = (promise) =>
  promise.then(
    () => null,
    ({ message, status_code, status }) => ({ status: status_code ?? status, message }),
  );
const names = async () => (await ollama.list()).models.map(({ name }) => name);
const found = { refused: await failure(ollama.pull({ model: reference })) };

const lines = [];
for await (const line of await ollama.pull({ model: reference, insecure: true, stream: true }))
  lines.push(line);
found.statuses = [...new Set(lines.map(({ status }) => status))];
found.keys = [...new Set(lines.flatMap(Object.keys))].sort();
found.complete = lines.filter(({ total, completed }) => total !== undefined && total === completed).length;
found.again = await ollama.pull({ model: reference, insecure: true });
found.listed = await names();
const options = { temperature: 0, num_predict: 6 };
const messages = [{ role: 'user', content: 'What is the capital of France?' }];
found.answer = (await ollama.chat({ model: reference, messages, options })).message.content;

found.copied = await ollama.copy({ source: reference, destination: 'mine' });
found.created = await ollama.create({ model: 'pirate', from: 'mine', system: 'Talk like a pirate.' });
found.pirate = (await ollama.show({ model: 'pirate' })).system;
const bytes = readFileSync(weights);
const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const blob = `http://127.0.0.1:11434/api/blobs/${digest}`;
found.blob = [
  (await fetch(blob, { method: 'HEAD' })).status,
  (await fetch(blob, { method: 'POST', body: bytes })).status,
];
const zeros = blob.replace(/[0-9a-f]{64}$/, '0'.repeat(64));
found.wrongBlob = (await fetch(zeros, { method: 'POST', body: 'x' })).status;
found.uploaded = await ollama.create({ model: 'up', files: { 'model.gguf': digest } });
found.quantised = await failure(ollama.create({ model: 'q', from: 'mine', quantize: 'q4_0' }));
found.between = await names();
found.deleted = await ollama.delete({ model: 'up' });
found.openai = await openai.models.delete('pirate');
found.gone = [await failure(ollama.delete({ model: 'up' })), await failure(openai.models.delete('pirate'))];
found.package = await failure(ollama.delete({ model: 'smollm2:135m' }));
found.after = await names();
process.stdout.write(JSON.stringify(found));
