import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { BodyReader } from './body';
import { Exchange } from './exchange';
import { problemOf } from './problem';
import { shapeOf } from './shapes';

let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** Ask a server that gives a body so long, with one that comes in two parts and a pause between them. */
async function slowly(mostMs: number): Promise<{ status: number; text: string; held: number }> {
  const reader = new BodyReader({ maxBodyBytes: 1000, maxBufferedBytes: 1000 }, mostMs);
  server = createServer((req, res) => {
    const who = { uid: 1, gid: 1, user: 'x', via: 'unix' } as never;
    const exchange = new Exchange(req, res, '/api/chat', who, shapeOf('/api/chat', false));
    reader
      .json(exchange, true)
      .then(({ value }) => exchange.json(value))
      .catch((error: unknown) => {
        const { status, code } = problemOf(error);
        exchange.text(code, 'text/plain', status);
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const call = request({ port, method: 'POST', headers: { 'content-length': 9 } }, (answer) => {
      let body = '';
      answer.on('data', (chunk: Buffer) => (body += chunk.toString()));
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text: body }));
    });
    call.once('error', reject);
    call.write('{"a":');
    setTimeout(() => call.end('"b"}'), 300);
  });
  return { status, text, held: reader.heldBytes };
}

it('gives up a body that takes too long, and holds nothing of it', async () => {
  expect(await slowly(50)).toEqual({ status: 408, text: 'slow-body', held: 0 });
});

it('the control: with time enough it is read', async () => {
  expect(await slowly(60_000)).toMatchObject({ status: 200, text: '{"a":"b"}' });
});
