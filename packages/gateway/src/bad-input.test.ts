import { connect } from 'node:net';
import { request as httpRequest } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { AnthropicError, ApiError, OllamaError, OpenAiError } from '@nanite/contracts';
import { startTestGateway, type TestGateway } from './__fixtures__/test-gateway';

let at: TestGateway;
afterEach(() => at.close());

interface Got {
  status: number;
  headers: Headers;
  body: unknown;
}

async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Got> {
  const answer = await fetch(`${at.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text === '' ? null : JSON.parse(text) };
}

/** A request whose Host and other headers fetch would not let us write. */
function raw(
  method: string,
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const call = httpRequest(`${at.url}${path}`, { method, headers, agent: false }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    call.once('error', reject);
    call.end();
  });
}

/** One endpoint of each API, with the shape of its errors and what reaches the model. */
const apis = [
  ['/api/chat', OllamaError, { messages: [{ role: 'user', content: 'x' }] }],
  ['/api/generate', OllamaError, { prompt: 'x' }],
  ['/v1/chat/completions', OpenAiError, { messages: [{ role: 'user', content: 'x' }] }],
  ['/v1/responses', OpenAiError, { input: 'x' }],
  ['/v1/messages', AnthropicError, { max_tokens: 5, messages: [{ role: 'user', content: 'x' }] }],
] as const;

describe.each(apis)('%s', (path, shape, fields) => {
  it('takes a good request: the positive control', async () => {
    at = await startTestGateway();
    expect((await post(path, { model: 'smollm2', stream: false, ...fields })).status).toBe(200);
  });

  it('names the nearest models for one that is unknown', async () => {
    at = await startTestGateway();
    const { status, body } = await post(path, { model: 'smolm2', ...fields });
    expect(status).toBe(404);
    expect(JSON.stringify(shape.parse(body))).toContain('smollm2:1b');
  });

  it('refuses malformed JSON, no JSON object, no body and no model', async () => {
    at = await startTestGateway();
    for (const bad of ['{"model": "smollm2"', '[1]', 'null', '"x"', '', {}, { model: 7 }, { model: '' }]) {
      const { status, body } = await post(path, bad);
      expect.soft(status, JSON.stringify(bad)).toBe(400);
      shape.parse(body);
    }
    expect(at.engine.started).toEqual([]);
  });

  it('refuses a body that is deep beyond measure, and takes brackets in texts', async () => {
    at = await startTestGateway();
    const deep = (levels: number) =>
      JSON.stringify({ model: 'smollm2', stream: false, ...fields }).replace(
        /}$/,
        `,"made_up":${'['.repeat(levels)}${']'.repeat(levels)}}`,
      );
    const { status, body } = await post(path, deep(5000));
    expect(status).toBe(400);
    expect(JSON.stringify(shape.parse(body))).toContain('levels deep');
    expect((await post(path, deep(100))).status).toBe(200);
    const brackets = JSON.parse(
      JSON.stringify(fields).replaceAll('"x"', `"${'[{\\"'.repeat(2000)}"`),
    ) as object;
    expect((await post(path, { model: 'smollm2', stream: false, ...brackets })).status).toBe(200);
  });

  it('refuses a huge body, announced or not', async () => {
    at = await startTestGateway({ maxBodyBytes: 10_000 });
    const huge = JSON.stringify({ model: 'smollm2', padding: 'x'.repeat(100_000), ...fields });
    const announced = await post(path, huge);
    expect(announced.status).toBe(413);
    shape.parse(announced.body);
    const streamed = await fetch(`${at.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([huge]).stream(),
      duplex: 'half',
    } as RequestInit);
    expect(streamed.status).toBe(413);
    shape.parse(await streamed.json());
  });

  it('refuses a wrong content type and a compressed body', async () => {
    at = await startTestGateway();
    const wrong: Array<Record<string, string>> = [{ 'content-encoding': 'gzip' }];
    // Ollama does not look at the type, and some of its clients send others.
    if (path.startsWith('/v1/')) {
      wrong.push({ 'content-type': 'multipart/form-data; boundary=x' }, { 'content-type': 'text/html' });
    }
    for (const headers of wrong) {
      const { status, body } = await post(path, { model: 'smollm2', ...fields }, headers);
      expect(status).toBe(415);
      shape.parse(body);
    }
  });

  it('says both numbers when the prompt is longer than the context', async () => {
    at = await startTestGateway();
    const overflow = JSON.parse(JSON.stringify(fields).replaceAll('"x"', '"OVERFLOW"')) as object;
    for (const stream of [true, false]) {
      const { status, body } = await post(path, { model: 'smollm2', stream, ...overflow });
      expect(status).toBe(400);
      const text = JSON.stringify(shape.parse(body));
      expect(text).toContain('10000');
      expect(text).toContain('2048');
    }
  });

  it('refuses a foreign Host and Origin, and a method that is not its own', async () => {
    at = await startTestGateway();
    const { port } = new URL(at.url);
    expect((await raw('GET', '/api/version', { host: `localhost:${port}` })).status).toBe(200);
    const host = await raw('POST', path, { host: 'evil.example' });
    expect(host.status).toBe(403);
    shape.parse(JSON.parse(host.text));
    const origin = await post(path, { model: 'smollm2', ...fields }, { origin: 'https://evil.example' });
    expect(origin.status).toBe(403);
    expect(origin.headers.get('access-control-allow-origin')).toBeNull();
    shape.parse(origin.body);
    const method = await raw('PUT', path, { host: 'localhost' });
    expect(method.status).toBe(405);
    shape.parse(JSON.parse(method.text));
  });

  it('gives 503 with Retry-After where too many wait', async () => {
    at = await startTestGateway({ queue: { length: 1, perUser: 1 } });
    at.engine.delay = 300;
    const first = post(path, { model: 'smollm2', stream: false, ...fields });
    await expect.poll(() => at.gateway.context.broker.waiting).toBe(1);
    const { status, headers, body } = await post(path, { model: 'smollm2', ...fields });
    expect(status).toBe(503);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    shape.parse(body);
    expect((await first).status).toBe(200);
  });

  it('gives an error, not a 500, for a model that the engine refuses or that never fits', async () => {
    const { fakeEntry } = await import('./__fixtures__/fake-engine');
    at = await startTestGateway({}, [fakeEntry('smollm2', { memoryBytes: 1e12 })]);
    const { status, body, headers } = await post(path, { model: 'smollm2', ...fields });
    expect(status).toBe(507);
    expect(headers.get('x-should-retry')).toBe('false');
    expect(JSON.stringify(shape.parse(body))).toContain('MiB');
  });

  it('tells at once when the worker dies, and answers the next request', async () => {
    at = await startTestGateway();
    const dying = JSON.parse(JSON.stringify(fields).replaceAll('"x"', '"DIE"')) as object;
    const { status, body } = await post(path, { model: 'smollm2', stream: false, ...dying });
    expect(status).toBe(502);
    shape.parse(body);
    at.engine.running.clear();
    expect((await post(path, { model: 'smollm2', stream: false, ...fields })).status).toBe(200);
  });
});

it('answers a stream that breaks with an error in its shape', async () => {
  at = await startTestGateway();
  const read = async (path: string, body: object) =>
    (
      await fetch(`${at.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'smollm2', stream: true, ...body }),
      })
    ).text();
  const messages = [{ role: 'user', content: 'DIE' }];
  const lines = (await read('/api/chat', { messages })).trim().split('\n');
  expect(OllamaError.parse(JSON.parse(lines.at(-1) ?? '')).error).toContain('ended in the middle');
  at.engine.running.clear();
  const events = (await read('/v1/chat/completions', { messages })).trim().split('\n\n');
  OpenAiError.parse(JSON.parse((events.at(-1) ?? '').replace('data: ', '')));
  at.engine.running.clear();
  const responses = (await read('/v1/responses', { input: 'DIE' })).trim().split('\n\n');
  expect(responses.at(-1)).toMatch(/^event: error\ndata: {"type":"error","code":"worker_died"/);
  at.engine.running.clear();
  const broken = await read('/api/chat', { messages: [{ role: 'user', content: 'BREAK' }] });
  expect(OllamaError.parse(JSON.parse(broken.trim().split('\n').at(-1) ?? '')).error).toContain(
    'out of luck',
  );
});

it('starts a worker that ended while it was idle without the client noticing', async () => {
  at = await startTestGateway();
  const ask = () => post('/api/generate', { model: 'smollm2', prompt: 'x', stream: false });
  expect((await ask()).status).toBe(200);
  at.engine.crash('smollm2');
  expect((await ask()).status).toBe(200);
  // The same where the engine has not noticed yet.
  at.engine.fakes.get('smollm2')?.kill();
  expect((await ask()).status).toBe(200);
  expect(at.engine.stopped).toContain('smollm2');
});

it('tells a client that hangs up nothing, and the worker that it may stop', async () => {
  at = await startTestGateway();
  const body = JSON.stringify({ model: 'smollm2', prompt: 'HANG', stream: false });
  const socket = connect(at.socket);
  socket.write(
    `POST /api/generate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  await expect.poll(() => at.engine.fakes.get('smollm2')?.running).toBe(1);
  socket.destroy();
  await expect.poll(() => at.engine.fakes.get('smollm2')?.cancelled).toBe(1);
  await expect.poll(() => at.gateway.context.broker.view()[0]?.running).toBe(0);
});

it('takes JSON under any content type, on Ollama’s endpoints only', async () => {
  at = await startTestGateway();
  const body = { model: 'smollm2', prompt: 'x', stream: false };
  for (const type of ['application/x-www-form-urlencoded', 'application/octet-stream', 'text/plain']) {
    expect((await post('/api/generate', body, { 'content-type': type })).status).toBe(200);
    expect((await post('/v1/completions', body, { 'content-type': type })).status).toBe(415);
  }
});

it('says who asked in the log, and never what', async () => {
  at = await startTestGateway();
  await post('/api/generate', { model: 'smollm2', prompt: 'my secret', stream: false });
  await post('/api/generate', { model: 'my-other-secret-is-a-model', prompt: 'my secret' });
  await expect
    .poll(() => at.lines.join(''))
    .toMatch(/POST \/api\/generate uid=\d+ via="loopback" model="smollm2" status=200/);
  expect(at.lines.join('')).not.toContain('my secret');
});

it('refuses a user who may not ask', async () => {
  const own = process.getuid?.() ?? 0;
  at = await startTestGateway({ access: { deny: [own] } });
  const { status, body } = await post('/api/generate', { model: 'smollm2', prompt: 'x' });
  expect(status).toBe(403);
  expect(OllamaError.parse(body).error).toContain(`user ${own}`);
  await at.close();
  at = await startTestGateway({ access: { only: [own] } });
  expect((await post('/api/generate', { model: 'smollm2', prompt: 'x', stream: false })).status).toBe(200);
});

it('answers a browser that asks first', async () => {
  at = await startTestGateway();
  const answer = await fetch(`${at.url}/api/chat`, {
    method: 'OPTIONS',
    headers: { origin: 'http://localhost:3000', 'access-control-request-headers': 'content-type' },
  });
  expect(answer.status).toBe(204);
  expect(answer.headers.get('access-control-allow-origin')).toBe('http://localhost:3000');
});

it('says 404 in our own shape where there is nothing', async () => {
  at = await startTestGateway();
  const { status, body } = await post('/nowhere', {});
  expect(status).toBe(404);
  expect(ApiError.parse(body).error.code).toBe('no-such-endpoint');
});
