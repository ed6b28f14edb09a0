import { once } from 'node:events';
import { createServer, request as ask, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { NaniteError } from '../errors';
import { refuse, sendJson } from './answer';
import { readBody } from './body';
import { findRoute, type Route } from './route';

const Body = z.object({ text: z.string().default('none') });
const routes: Array<Route & { answer: (subject: string, body: z.output<typeof Body>) => unknown }> = [
  { method: 'GET', path: /^\/v1\/things\/([^/]+)$/, answer: (subject) => ({ subject }) },
  { method: 'HEAD', path: /^\/v1\/things\/([^/]+)$/, answer: (subject) => ({ subject }) },
  { method: 'DELETE', path: /^\/v1\/things\/([^/]+)$/, answer: () => undefined },
  { method: 'POST', path: /^\/v1\/things$/, answer: (_, body) => body },
  {
    method: 'POST',
    path: /^\/v1\/known-failure$/,
    answer: () => {
      throw new NaniteError('too-hot', 'it is too hot', { status: 418, hint: 'wait' });
    },
  },
  {
    method: 'POST',
    path: /^\/v1\/secret-failure$/,
    answer: () => {
      throw new Error('boom');
    },
  },
];

let server: Server;
let logged: unknown[];
beforeEach(async () => {
  logged = [];
  const log = { error: (...line: unknown[]) => void logged.push(line) };
  server = createServer((request, response) => {
    const work = async (): Promise<void> => {
      const { route, subject } = findRoute(routes, request);
      const body = request.method === 'POST' ? await readBody(request, Body, 1000) : { text: '' };
      if (body.text === 'half') response.write('half of ');
      const value = route.answer(subject, body);
      sendJson(response, value === undefined ? 204 : 200, value);
    };
    work().catch((error: unknown) => refuse(log, request, response, error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => void server.close());

interface Answer {
  status: number;
  text: string;
  headers: Record<string, unknown>;
}

const call = (method: string, path: string, body?: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { port } = server.address() as AddressInfo;
    const sent = ask({ host: '127.0.0.1', port, method, path, agent: false }, (answer) => {
      let text = '';
      answer.on('data', (part) => (text += String(part)));
      answer.once('end', () => resolve({ status: answer.statusCode!, text, headers: answer.headers }));
      answer.once('error', reject);
    });
    sent.once('error', reject);
    sent.end(body);
  });
const errorOf = ({ status, text }: Answer): unknown => ({ status, ...JSON.parse(text).error });

it('finds the route of a method and a path, and decodes what it is about', async () => {
  const found = await call('GET', '/v1/things/a%2Fb%20c?x=/v1/things');
  expect([found.status, JSON.parse(found.text)]).toEqual([200, { subject: 'a/b c' }]);
  expect(found.headers['content-type']).toBe('application/json');
});

it('tells a path that is not there from a method that is not allowed on it', async () => {
  expect(errorOf(await call('GET', '/v1/nothing'))).toMatchObject({ status: 404, code: 'not-found' });
  expect(errorOf(await call('PUT', '/v1/things/a'))).toMatchObject({
    status: 405,
    code: 'method-not-allowed',
  });
});

it('refuses a path that is not percent-encoded', async () => {
  expect(errorOf(await call('GET', '/v1/things/%E0%A4'))).toMatchObject({ status: 400, code: 'bad-request' });
});

it('sends no body to HEAD, with the length it would have, and none at all for nothing', async () => {
  const head = await call('HEAD', '/v1/things/abc');
  expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', '17']);
  expect(await call('DELETE', '/v1/things/abc')).toMatchObject({ status: 204, text: '' });
});

it('reads a body as its schema has it, and takes none for an empty object', async () => {
  expect((await call('POST', '/v1/things', '{"text":"grüße","more":1}')).text).toBe('{"text":"grüße"}');
  expect((await call('POST', '/v1/things')).text).toBe('{"text":"none"}');
});

it('refuses a body that is not JSON, does not fit or is too large', async () => {
  expect(errorOf(await call('POST', '/v1/things', '{"text'))).toMatchObject({
    status: 400,
    message: 'the request is not valid JSON',
  });
  expect(errorOf(await call('POST', '/v1/things', '{"text":7}'))).toMatchObject({
    status: 400,
    code: 'bad-request',
    message: 'text must be text',
  });
  expect(errorOf(await call('POST', '/v1/things', JSON.stringify({ text: 'x'.repeat(1000) })))).toMatchObject(
    { status: 413, code: 'too-large' },
  );
  expect(logged).toEqual([]);
});

it.each([
  ['reads to the limit of', '/v1/things', 413],
  ['does not read at all', '/v1/nothing', 404],
])(
  'refuses a body that it %s in words, also to one who sends all of it before listening',
  async (_what, path, status) => {
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    socket.pause();
    const closed = once(socket, 'close');
    socket.on('error', () => {});
    const piece = 'x'.repeat(64_000);
    const pieces = 200;
    socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${pieces * piece.length}\r\n\r\n`);
    for (let sent = 0; sent < pieces && !socket.destroyed; sent++) {
      await new Promise((resolve) => socket.write(piece, resolve));
    }
    let text = '';
    socket.on('data', (part) => (text += String(part))).resume();
    await closed;
    expect(text).toContain(`HTTP/1.1 ${status} `);
    expect(errorOf({ status, text: text.slice(text.indexOf('{')), headers: {} })).toMatchObject({ status });
  },
);

it('answers with code, message and hint of what is known, and logs only what is not', async () => {
  expect(errorOf(await call('POST', '/v1/known-failure'))).toEqual({
    status: 418,
    code: 'too-hot',
    message: 'it is too hot',
    hint: 'wait',
  });
  expect(logged).toEqual([]);
  expect(errorOf(await call('POST', '/v1/secret-failure'))).toMatchObject({ status: 500, code: 'internal' });
  expect(logged).toEqual([['a request failed', { path: '/v1/secret-failure', cause: 'boom' }]]);
});

it('breaks off an answer that has begun, so that nobody takes half of it for all', async () => {
  await expect(call('POST', '/v1/known-failure', '{"text":"half"}')).rejects.toThrow(/aborted|hang up|reset/);
});
