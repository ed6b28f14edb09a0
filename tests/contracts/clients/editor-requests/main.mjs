// The requests that editors' plug-ins for llama-server make, field by field as they stand in the source of these versions. llama.vim
// itself is tried in `make test-clients`; llama.vscode is in no package registry.
import assert from 'node:assert/strict';
import { client, run, toolModel, url } from './reporting/features.mjs';

const before = 'def add(a, b):\n';
const after = '\n\n\nprint(add(1, 2))\n';
const chunk = { text: 'def multiply(a, b):\n    return a * b\n', time: 1, filename: 'other.py' };

async function ask(path, body) {
  const answer = await fetch(`${url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, text.slice(0, 300));
  return JSON.parse(text);
}

const vim = client('llama.vim, its requests', undefined, '0.1.0');
const gap = {
  id_slot: 0,
  input_prefix: before,
  input_suffix: after,
  input_extra: [chunk],
  prompt: '    return a',
  n_predict: 128,
  stop: [],
  n_cmpl: 1,
  n_indent: 4,
  top_k: 40,
  top_p: 0.9,
  samplers: ['top_k', 'top_p', 'infill'],
  stream: false,
  cache_prompt: true,
  t_max_prompt_ms: 500,
  t_max_predict_ms: 1000,
  response_fields: [
    'content',
    'timings/prompt_n',
    'timings/predicted_per_second',
    'truncated',
    'tokens_cached',
  ],
};

vim('a suggestion, with the fields that it shows', async () => {
  const answer = await ask('/infill', gap);
  assert.deepEqual(Object.keys(answer).sort(), gap.response_fields.toSorted());
  return answer.content;
});

vim('other files are sent ahead', async () => {
  const nothing = { input_prefix: '', input_suffix: '', prompt: '', n_predict: 0, samplers: [] };
  await ask('/infill', {
    ...gap,
    ...nothing,
    t_max_prompt_ms: 1,
    t_max_predict_ms: 1,
    response_fields: [''],
  });
});

vim('an instruction is sent ahead, then followed', async () => {
  const messages = [
    { role: 'system', content: 'You edit code.' },
    { role: 'user', content: 'INSTRUCTION: say hello' },
  ];
  const common = { id_slot: 7, messages, stop: [], cache_prompt: true, model: toolModel };
  const ahead = { ...common, samplers: [], n_predict: 0, stream: false, response_fields: [''] };
  await ask('/v1/chat/completions', ahead);
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...common,
      samplers: ['min_p', 'temperature'],
      min_p: 0.1,
      temperature: 0.1,
      stream: true,
    }),
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, text.slice(0, 300));
  assert.match(text, /"delta":\{[^}]*"content":"[^"]/);
});

const code = client('llama.vscode, its requests', undefined, '0.0.63');
// Its setting for chats, which goes with every request until somebody changes it.
const cloud = 'google/gemini-2.5-flash';
const { stop: _stop, response_fields: _fields, ...common } = gap;
const suggest = { ...common, model: cloud, top_p: 0.99, t_max_predict_ms: 500 };

code('whether the server is there', async () => {
  assert.equal((await ask('/health')).status, 'ok');
});

code('three suggestions at once, whatever model is named', async () => {
  const answer = [await ask('/infill', { ...suggest, n_cmpl: 3 })].flat();
  assert.ok(answer.length > 0 && answer.every(({ content }) => typeof content === 'string'));
  return `${answer.length}: ${answer[0].content}`;
});

code('more suggestions than there are slots', async () => {
  const answer = [await ask('/infill', { ...suggest, n_cmpl: 64 })].flat();
  assert.ok(answer.length > 0 && answer.every(({ content }) => typeof content === 'string'));
  return `${answer.length} of 64`;
});

code('other files are sent ahead', async () => {
  const nothing = { input_prefix: '', input_suffix: '', prompt: '', n_predict: 0, samplers: [] };
  await ask('/infill', { ...common, ...nothing, n_cmpl: undefined, t_max_predict_ms: 1 });
});

code('a suggestion by an OpenAI endpoint', async () => {
  const prompt = `<|fim_prefix|>${before}    return a<|fim_suffix|>${after}<|fim_middle|>`;
  const fields = { model: toolModel, max_tokens: 16, temperature: 0.1, top_p: 0.99, stream: false };
  const marked = await ask('/v1/completions', { ...fields, prompt });
  const asked = await ask('/v1/completions', { ...fields, prompt: `${before}    return a`, suffix: after });
  for (const { choices, usage } of [marked, asked]) {
    assert.ok(choices[0].text.length > 0 && choices[0].finish_reason, JSON.stringify(choices));
    assert.ok(usage.total_tokens > 0);
  }
  return `${marked.choices[0].text} / ${asked.choices[0].text}`;
});

code('an edit', async () => {
  const messages = [
    { role: 'system', content: 'You are an expert coder.\n' },
    { role: 'user', content: `Rename add to plus:\n${before}    return a + b\n` },
  ];
  // The length is ours: a small model may find no end.
  const fields = {
    stream: false,
    cache_prompt: true,
    temperature: 0.8,
    top_p: 0.95,
    model: toolModel,
    max_tokens: 64,
  };
  const { choices } = await ask('/v1/chat/completions', { messages, ...fields });
  assert.ok(choices[0].message.content.length > 0);
});

await run();
