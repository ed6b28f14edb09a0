// What no library sends, and the network does: HTTP in odd pieces, old versions, bodies out of all measure, many at once.
import assert from 'node:assert/strict';
import { Connection, ask, request } from './connection.mjs';
import { chatModel, client, run, toolModel } from './reporting/features.mjs';

const feature = client('raw HTTP', undefined, process.version);
const messages = [{ role: 'user', content: 'What is the capital of France?' }];
const options = { num_predict: 4, temperature: 0 };
const chat = (changed) => JSON.stringify({ model: chatModel, messages, options, stream: false, ...changed });
const openaiChat = (changed) => JSON.stringify({ model: chatModel, messages, max_tokens: 4, ...changed });

function isChat({ status, body }) {
  assert.equal(status, 200, body.slice(0, 300));
  assert.equal(JSON.parse(body).done, true);
}
/** After whatever was done to it, it answers. */
const stillAnswers = async () => isChat(await ask('/api/chat', chat()));

feature('keep-alive, then close', async () => {
  const connection = new Connection();
  for (let turn = 0; turn < 2; turn += 1) {
    await connection.write(request('/api/chat', chat(), { headers: 'Connection: keep-alive\r\n' }));
    isChat(await connection.answer());
  }
  await connection.write(request('/api/chat', chat(), { headers: 'Connection: close\r\n' }));
  isChat(await connection.answer());
  await connection.end();
});

feature('close announced, and another request sent', async () => {
  const connection = new Connection();
  const closing = request('/api/version', undefined, { method: 'GET', headers: 'Connection: close\r\n' });
  await connection.write(closing + request('/api/version', undefined, { method: 'GET' }));
  assert.equal((await connection.answer()).status, 200);
  await connection.end();
  await stillAnswers();
});

feature('half-closed after the request', async () => {
  const connection = new Connection();
  await connection.write(request('/api/chat', chat()));
  connection.halfClose();
  // Go's server takes it for a client that has gone, and so does ours; others answer. No one waits for ever.
  await connection.end();
  await stillAnswers();
});

feature('HTTP/1.0, whole and streamed', async () => {
  for (const headers of ['', 'Connection: keep-alive\r\n']) {
    isChat(await ask('/api/chat', chat(), { version: '1.0', headers }));
  }
  const connection = new Connection();
  await connection.write(request('/api/chat', chat({ stream: true }), { version: '1.0' }));
  const { status, headers, body } = await connection.answer();
  assert.equal(status, 200);
  assert.equal(headers['transfer-encoding'], undefined, 'HTTP/1.0 has no chunks');
  const lines = body.trim().split('\n').map(JSON.parse);
  assert.equal(lines.at(-1).done, true);
  await connection.end();
});

feature('HTTP/1.0 without Host', async () => {
  isChat(await ask('/api/chat', chat(), { version: '1.0', withHost: false }));
});

feature('Expect: 100-continue', async () => {
  const connection = new Connection();
  const body = chat();
  const whole = request('/api/chat', body, { headers: 'Expect: 100-continue\r\n' });
  await connection.write(whole.slice(0, whole.length - body.length));
  assert.equal((await connection.answer()).status, 100);
  await connection.write(body);
  isChat(await connection.answer());
});

feature('a body in chunks of one byte', async () => {
  const connection = new Connection();
  const head = request('/api/chat', undefined, { headers: 'Transfer-Encoding: chunked\r\n' });
  await connection.write(head);
  for (const character of chat()) await connection.write(`1\r\n${character}\r\n`);
  await connection.write('0\r\n\r\n');
  isChat(await connection.answer());
});

feature('a request in pieces of one byte', async () => {
  const connection = new Connection();
  for (const character of request('/api/chat', chat())) await connection.write(character);
  isChat(await connection.answer());
});

feature('pipelined requests', async () => {
  const connection = new Connection();
  const words = ['1', '2', '3'];
  const asked = words.map((word) =>
    request('/api/embed', JSON.stringify({ model: 'no-such-model', input: word })),
  );
  await connection.write(
    request('/api/chat', chat()) + asked.join('') + request('/api/version', undefined, { method: 'GET' }),
  );
  isChat(await connection.answer());
  for (const _ of words) assert.equal((await connection.answer()).status, 404);
  assert.ok(JSON.parse((await connection.answer()).body).version);
});

feature('no JSON, no body, another type, no such path', async () => {
  for (const path of [
    '/api/chat',
    '/v1/chat/completions',
    '/v1/messages',
    '/v1/responses',
    '/api/show',
    '/api/embed',
  ]) {
    for (const body of ['{"model": ', '', '[]', '"text"', 'null']) {
      const answer = await ask(path, body);
      assert.equal(answer.status, 400, `${path} ${body}: ${answer.status} ${answer.body}`);
      assert.ok(JSON.parse(answer.body).error, answer.body);
    }
  }
  assert.equal((await ask('/api/nothing', '{}')).status, 404);
  assert.ok([404, 405].includes((await ask('/api/chat', undefined, { method: 'GET' })).status));
});

feature('any content-type, or none, on /api', async () => {
  const body = chat();
  for (const type of [
    'application/octet-stream',
    'application/x-www-form-urlencoded',
    'text/plain',
    undefined,
  ]) {
    const connection = new Connection();
    const header = type === undefined ? '' : `Content-Type: ${type}\r\n`;
    await connection.write(
      `POST /api/chat HTTP/1.1\r\nHost: localhost\r\n${header}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    isChat(await connection.answer());
    connection.destroy();
  }
});

feature('null for whatever may be left out', async () => {
  const none = (names) => Object.fromEntries(names.split(' ').map((name) => [name, null]));
  const message = { ...messages[0], ...none('images thinking tool_calls tool_name name') };
  const options = {
    num_predict: 4,
    ...none(
      'temperature top_k top_p min_p seed stop num_ctx repeat_penalty mirostat use_mmap num_thread made_up',
    ),
  };
  const chatNulls = none('format tools keep_alive think truncate shift logprobs top_logprobs');
  isChat(await ask('/api/chat', chat({ ...chatNulls, options, messages: [message] })));
  const prompt = { model: chatModel, prompt: 'Hello', stream: false, options };
  const generateNulls = none(
    'name suffix system template context raw format images keep_alive think truncate logprobs',
  );
  isChat(await ask('/api/generate', JSON.stringify({ ...prompt, ...generateNulls })));
  const show = await ask(
    '/api/show',
    JSON.stringify({ model: chatModel, ...none('name system template verbose options') }),
  );
  assert.equal(show.status, 200, show.body);
  const openai = none(
    'temperature top_p n stop seed tools tool_choice response_format stream stream_options logprobs top_logprobs user metadata frequency_penalty presence_penalty logit_bias parallel_tool_calls max_completion_tokens',
  );
  const completion = await ask('/v1/chat/completions', openaiChat(openai));
  assert.equal(completion.status, 200, completion.body.slice(0, 300));
  const responseNulls = none(
    'instructions temperature top_p tools tool_choice text store stream previous_response_id reasoning metadata include truncation parallel_tool_calls user',
  );
  const response = { model: chatModel, input: 'Hello', max_output_tokens: 16, ...responseNulls };
  const responses = await ask('/v1/responses', JSON.stringify(response));
  assert.equal(responses.status, 200, responses.body.slice(0, 300));
});

feature('roles, numbers, names and slashes as Ollama takes them', async () => {
  const upper = [
    { role: 'System', content: 'Be brief.' },
    { role: 'USER', content: 'Hello' },
  ];
  isChat(await ask('/api/chat', chat({ messages: upper })));
  const odd = {
    num_predict: 4,
    top_k: 40.5,
    top_p: 1.5,
    temperature: 0.1,
    seed: 9007199254740993,
    num_ctx: 0,
  };
  isChat(await ask('/api/chat', chat({ options: odd })));
  isChat(await ask('/api/chat/', chat()));
  isChat(await ask('/api/chat', chat({ model: `library/${chatModel}` })));
  isChat(
    await ask(
      '/api/chat',
      chat({ model: '', name: chatModel }).replace('"model":""', `"model":"${chatModel}"`),
    ),
  );
  const shown = await ask('/api/show', JSON.stringify({ model: '', name: chatModel }));
  assert.equal(shown.status, 200, shown.body.slice(0, 300));
});

feature('JSON that is deep beyond measure', async () => {
  for (const depth of [5_000, 200_000]) {
    const deep = '['.repeat(depth) + ']'.repeat(depth);
    for (const path of ['/api/chat', '/v1/chat/completions', '/v1/messages', '/v1/responses']) {
      const body = `{"model":"${chatModel}","max_tokens":4,"max_output_tokens":16,"input":"a","messages":[{"role":"user","content":"a"}],"stream":false,"options":{"num_predict":4},"made_up":${deep}}`;
      const answer = await ask(path, body);
      assert.ok(answer.status < 500, `${path}: ${answer.status} ${answer.body.slice(0, 200)}`);
      JSON.parse(answer.body);
    }
    const format = await ask(
      '/api/chat',
      `{"model":"${chatModel}","messages":[],"format":{"type":"array","items":${'{"items":'.repeat(depth)}{}${'}'.repeat(depth)}}}`,
    );
    assert.ok(format.status < 500, `format: ${format.status} ${format.body.slice(0, 200)}`);
  }
  await stillAnswers();
});

feature('a body that is too large', async () => {
  const announced = new Connection();
  await announced.write(
    `POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{`,
  );
  assert.equal((await announced.answer()).status, 413);
  announced.destroy();
  const chunked = new Connection();
  await chunked.write(
    'POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
  );
  const mebibyte = 'a'.repeat(1 << 20);
  const answered = chunked.answer();
  let done = false;
  void answered.finally(() => (done = true)).catch(() => undefined);
  for (let sent = 0; sent < 64 && !done && !chunked.ended; sent += 1) {
    await chunked.write(`100000\r\n${mebibyte}\r\n`);
  }
  assert.equal((await answered).status, 413);
  chunked.destroy();
  await stillAnswers();
});

feature('a header that is too large, and no HTTP at all', async () => {
  const large = await ask('/api/version', undefined, {
    method: 'GET',
    headers: `X-Large: ${'a'.repeat(200_000)}\r\n`,
  });
  assert.ok([400, 431].includes(large.status), String(large.status));
  const noise = new Connection();
  await noise.write(Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, 13, 10, 13, 10]));
  assert.equal((await noise.answer()).status, 400);
  await noise.end();
  await stillAnswers();
});

feature('gone in the middle: of the head, the body, the answer', async () => {
  const whole = request('/api/chat', chat({ stream: true, options: { num_predict: 500 } }));
  for (const part of [20, whole.length - 10]) {
    const connection = new Connection();
    await connection.write(whole.slice(0, part));
    connection.destroy();
  }
  for (let turn = 0; turn < 20; turn += 1) {
    const connection = new Connection();
    await connection.write(whole);
    connection.destroy();
  }
  await stillAnswers();
});

feature('200 at once', async () => {
  const kinds = [
    ['/api/chat', (stream) => chat({ model: toolModel, stream })],
    ['/v1/chat/completions', (stream) => openaiChat({ model: toolModel, stream })],
    ['/v1/messages', (stream) => openaiChat({ model: toolModel, stream })],
    [
      '/v1/responses',
      (stream) => JSON.stringify({ model: toolModel, input: 'Hello', max_output_tokens: 16, stream }),
    ],
  ];
  const counted = { 200: 0, 503: 0 };
  const one = async (_, index) => {
    const [path, body] = kinds[index % kinds.length];
    const stream = index % 8 < 4;
    const { status, headers, body: text } = await ask(path, body(stream));
    const where = `${path}, ${stream ? 'streamed' : 'whole'}: ${status} ${text.slice(-300)}`;
    assert.ok(status === 200 || status === 503, where);
    counted[status] += 1;
    if (status === 503) {
      assert.ok(Number(headers['retry-after']) > 0, `no Retry-After: ${where}`);
      assert.ok(JSON.parse(text).error, where);
    } else if (!stream) assert.equal(JSON.parse(text).error ?? undefined, undefined, where);
    else {
      const ends = {
        '/api/chat': /"done":true/,
        '/v1/chat/completions': /\[DONE\]/,
        '/v1/messages': /message_stop/,
        '/v1/responses': /response\.(completed|incomplete)/,
      };
      assert.match(text, ends[path], where);
    }
  };
  await Promise.all(Array.from({ length: 200 }, one));
  assert.ok(counted[200] > 0);
  await stillAnswers();
  return `${counted[200]} answered, ${counted[503]} told to come again`;
});

await run();
