// Asks a model about an image or a recording by every API that takes them, with the npm clients of Ollama and OpenAI; prints the
// answers as JSON. Arguments: the model, and a file with the images and recordings in base64.
import { readFileSync } from 'node:fs';
import { Ollama } from 'ollama';
import OpenAI from 'openai';

const [, , model, file] = process.argv;
const media = JSON.parse(readFileSync(file, 'utf8'));
const url = 'http://127.0.0.1:11434';
const ollama = new Ollama({ host: url });
const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
const text = 'What is it?';

async function post(path, body) {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const value = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(value.error.message), { status: answer.status });
  return value;
}

/** By each API: how it is asked with a part of a message, and what that part is. */
const image = (data) => ({ type: 'image_url', image_url: { url: `data:image/png;base64,${data}` } });
const sound = (data) => ({ type: 'input_audio', input_audio: { data, format: 'wav' } });
const chat = async (part) => {
  const messages = [{ role: 'user', content: [{ type: 'text', text }, part] }];
  return (await openai.chat.completions.create({ model, messages, max_tokens: 8 })).choices[0].message
    .content;
};
const responses = async (part) => {
  const input = [{ role: 'user', content: [{ type: 'input_text', text }, part] }];
  return (await openai.responses.create({ model, input, max_output_tokens: 16 })).output_text;
};
const anthropic = async (source) => {
  const content = [
    { type: 'text', text },
    { type: 'image', source },
  ];
  const messages = [{ role: 'user', content }];
  return (await post('/v1/messages', { model, max_tokens: 8, messages })).content[0].text;
};
const ollamaChat = async (data) => {
  const messages = [{ role: 'user', content: text, images: [data] }];
  return (await ollama.chat({ model, messages, options: { num_predict: 8 } })).message.content;
};
const generate = async (data) =>
  (await ollama.generate({ model, prompt: text, images: [data], options: { num_predict: 8 } })).response;
async function streamed(data) {
  const messages = [{ role: 'user', content: [{ type: 'text', text }, image(data)] }];
  let joined = '';
  for await (const { choices } of await openai.chat.completions.create({ model, messages, stream: true })) {
    joined += choices[0]?.delta.content ?? '';
  }
  return joined;
}

const ways = {
  images: {
    '/api/chat': ollamaChat,
    '/api/generate': generate,
    '/v1/chat/completions': (data) => chat(image(data)),
    '/v1/chat/completions, streamed': streamed,
    '/v1/responses': (data) => responses({ type: 'input_image', image_url: `data:image/png;base64,${data}` }),
    '/v1/messages': (data) => anthropic({ type: 'base64', media_type: 'image/png', data }),
  },
  recordings: {
    '/api/chat': ollamaChat,
    '/api/generate': generate,
    '/v1/chat/completions': (data) => chat(sound(data)),
    '/v1/responses': (data) => responses(sound(data)),
  },
};
const elsewhere = {
  '/v1/chat/completions': (address) => chat({ type: 'image_url', image_url: { url: address } }),
  '/v1/responses': (address) => responses({ type: 'input_image', image_url: address }),
  '/v1/messages': (address) => anthropic({ type: 'url', url: address }),
};

const outcome = (answer) =>
  answer.catch(({ status, status_code: code, message }) => ({ status: status ?? code, message }));
const found = { images: {}, recordings: {}, elsewhere: {} };
for (const [kind, byApi] of Object.entries(ways)) {
  for (const [api, ask] of Object.entries(byApi)) {
    found[kind][api] = {};
    for (const [name, data] of Object.entries(media[kind])) found[kind][api][name] = await outcome(ask(data));
  }
}
for (const [api, ask] of Object.entries(elsewhere)) found.elsewhere[api] = await outcome(ask(media.address));
found.text = (await ollama.generate({ model, prompt: text, options: { num_predict: 8 } })).response;
const { capabilities } = await ollama.show({ model });
console.log(JSON.stringify({ ...found, capabilities }));
