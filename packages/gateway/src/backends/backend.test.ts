import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { OllamaError, type GatewayStatus } from '@nanite/contracts';
import { startTestGateway, type TestGateway } from '../__fixtures__/test-gateway';
import { Backend } from './backend';

let at: TestGateway;
let server: Server | undefined;
afterEach(async () => {
  await at?.close();
  server?.close();
  server = undefined;
});

interface Seen {
  path: string;
  body: Record<string, unknown> | null;
  headers: IncomingHttpHeaders;
}

/** A server that lists the model `m` and repeats what it was sent; with a key, only for those who show it. */
async function startServer(key?: string): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  server = createServer((req, res) => {
    let text = '';
    req.on('data', (chunk: Buffer) => (text += chunk.toString()));
    req.on('end', () => {
      const body = text === '' ? null : (JSON.parse(text) as Record<string, unknown>);
      seen.push({ path: req.url ?? '', body, headers: req.headers });
      const refused = key !== undefined && req.headers.authorization !== `Bearer ${key}`;
      res.writeHead(refused ? 401 : 200, { 'content-type': 'application/json' });
      const answer = req.method === 'GET' ? { models: [{ name: 'm' }] } : { echo: body };
      res.end(JSON.stringify(refused ? { error: { message: 'no such key' } } : answer));
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server?.address() as AddressInfo).port}`, seen };
}

async function post(
  path: string,
  body: object,
): Promise<{ status: number; headers: Headers; body: unknown }> {
  const answer = await fetch(`${at.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, headers: answer.headers, body: await answer.json() };
}

const stateOf = async (): Promise<string | undefined> => {
  const status = (await (await fetch(`${at.url}/nanite/v1/status`)).json()) as GatewayStatus;
  return status.backends[0]?.state;
};

it('hands /api/show on to an Ollama, whose clients look at the capabilities', async () => {
  const { url, seen } = await startServer();
  at = await startTestGateway({ backends: [{ name: 'other', kind: 'ollama', url }] });
  const { body } = await post('/api/show', { model: 'other/m' });
  expect(body).toEqual({ echo: { model: 'm' } });
  expect(seen.at(-1)?.path).toBe('/api/show');
});

it('says that a backend is down in words that fit one', async () => {
  const { url } = await startServer();
  server?.close();
  at = await startTestGateway({ backends: [{ name: 'other', kind: 'llama-server', url }] });
  const messages = [{ role: 'user', content: 'x' }];
  const { status, body } = await post('/api/chat', { model: 'other/m', messages });
  expect(status).toBe(502);
  expect(OllamaError.parse(body).error).toBe(
    `the backend other does not answer (check that ${url} runs and that the gateway can reach it: nanite-gateway(8))`,
  );
  expect(await stateOf()).toBe('unreachable');
});

it('sends the key of its file, and never blames the client for a wrong one', async () => {
  const { url, seen } = await startServer('right');
  const keyFile = join(mkdtempSync(join(tmpdir(), 'nanite-key-')), 'key');
  const settings = { backends: [{ name: 'other', kind: 'openai' as const, url, keyFile }] };
  writeFileSync(keyFile, 'wrong\n');
  at = await startTestGateway(settings);
  const messages = [{ role: 'user', content: 'x' }];
  const refused = await post('/api/chat', { model: 'other/m', stream: false, messages });
  expect(refused.status).toBe(502);
  expect(refused.headers.get('x-should-retry')).toBe('false');
  expect(OllamaError.parse(refused.body).error).toContain('no such key');
  expect(await stateOf()).toBe('unreachable');
  await at.close();

  writeFileSync(keyFile, 'right\nnotes below the key\n');
  at = await startTestGateway(settings);
  expect(await stateOf()).toBe('ready');
  const answer = await post('/v1/embeddings', { model: 'other/m', input: 'x' });
  expect(answer.body).toEqual({ echo: { model: 'm', input: 'x' } });
  expect(seen.at(-1)).toMatchObject({ path: '/v1/embeddings', headers: { authorization: 'Bearer right' } });
});

it.each([
  ['http://127.0.0.1:9/', true],
  ['https://cloud.example/v1', false],
])('sends a request to %s again that met a closed connection: %s', async (url, again) => {
  const backend = new Backend(
    { name: 'x', kind: 'openai', url, keyFile: null, models: null, parallel: 1 },
    1,
  );
  expect(backend.upstream.resendWithinMs > 0).toBe(again);
  await backend.close();
});
