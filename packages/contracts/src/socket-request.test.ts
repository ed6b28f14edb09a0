import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linesOverSocket, openOverSocket, requestOverSocket } from './socket-request';

let folder: string;
let socketPath: string;
let server: Server;
let listener: RequestListener;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'socket-request-'));
  socketPath = join(folder, 'a.sock');
  server = createServer((request, response) => listener(request, response));
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

const ask = () => requestOverSocket({ socketPath, method: 'GET', path: '/' });
const lines = async (signal?: AbortSignal): Promise<unknown[]> => {
  const values: unknown[] = [];
  for await (const value of linesOverSocket({ socketPath, method: 'POST', path: '/', body: {}, signal })) {
    values.push(value);
  }
  return values;
};

describe('a call that fails says how', () => {
  const codeOf = (error: unknown) => error as { code: string; status: number; hint: string | null };
  const failed = (call: Promise<unknown>) => call.then(() => expect.unreachable(), codeOf);

  it.each([
    ['an error of ours', 404, '{"error":{"code":"gone","message":"m","hint":"h"}}', 'gone', 'h'],
    ["an error of Ollama's", 400, '{"error":"bad"}', 'http-400', 'try again in 7 s'],
    ['an error of neither', 500, '<html>', 'http-500', 'try again in 7 s'],
    ['a success that is not JSON', 200, '<html>', 'bad-answer', null],
  ])('%s', async (_what, status, body, code, hint) => {
    listener = (_request, response) => void response.writeHead(status, { 'retry-after': '7' }).end(body);
    expect(await failed(ask())).toMatchObject({ code, hint, status: status === 200 ? 502 : status });
  });

  it('a connection closed before the answer', async () => {
    listener = ({ socket }) => void socket.destroy();
    expect(await failed(ask())).toMatchObject({ code: 'broken-off', status: 502 });
  });

  it('a connection closed within it', async () => {
    listener = (_request, response) => {
      response.write('{"a":1}\n{"b');
      setImmediate(() => response.destroy());
    };
    expect(await failed(ask())).toMatchObject({ code: 'broken-off' });
    expect(await failed(lines())).toMatchObject({ code: 'broken-off' });
  });

  it('nobody there', async () => {
    const call = requestOverSocket({ socketPath: join(folder, 'b.sock'), method: 'GET', path: '/' });
    expect(await failed(call)).toMatchObject({ code: 'unreachable', status: 503 });
  });
});

it('reads lines however they are cut, also a last one without an end', async () => {
  listener = (_request, response) => {
    const text = Buffer.from('{"a":"é"}\n\n{"b":2}\n{"c":3}');
    response.write(text.subarray(0, 7));
    setImmediate(() => response.end(text.subarray(7)));
  };
  expect(await lines()).toEqual([{ a: 'é' }, { b: 2 }, { c: 3 }]);
});

it('ends a stream when it is aborted', async () => {
  const stop = new AbortController();
  listener = (request, response) => {
    request.resume();
    response.write('{"a":1}\n');
    setImmediate(() => stop.abort());
  };
  await expect(lines(stop.signal)).rejects.toMatchObject({ name: 'AbortError' });
});

it('sends bytes as they are, and headers', async () => {
  let got = '';
  listener = (request, response) => {
    request.setEncoding('utf8').on('data', (piece: string) => (got += piece));
    request.on('end', () => {
      got += ` ${request.headers['content-type']} ${request.headers['x-for']}`;
      response.end();
    });
  };
  const bytes = Readable.from([Buffer.from('ab'), Buffer.from('c')]);
  const headers = { 'x-for': '7' };
  (await openOverSocket({ socketPath, method: 'POST', path: '/', bytes, headers })).resume();
  expect(got).toBe('abc application/octet-stream 7');
});
