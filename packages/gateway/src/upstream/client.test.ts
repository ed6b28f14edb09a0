import { createServer, type Server } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fetchWhole, localResendMs, openSocketPool, UpstreamFailure, type Upstream } from './client';

let folder: string;
let server: Server;
let socketPath: string;
let upstream: Upstream;
/** Requests over each connection that the server has had. */
let connections: number[];
/** How many requests of a connection are answered; the next finds it closed. */
let answeredEach: number;
/** How long such a request is worked on before the connection ends. */
let diesAfterMs: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-upstream-'));
  connections = [];
  diesAfterMs = 0;
  server = createServer((req, res) => {
    const connection = req.socket as typeof req.socket & { index?: number };
    connection.index ??= connections.push(0) - 1;
    const count = (connections[connection.index] = (connections[connection.index] ?? 0) + 1);
    if (count > answeredEach) setTimeout(() => req.socket.destroy(), diesAfterMs);
    else res.end(`answer ${count}`);
  });
  socketPath = join(folder, 'worker.sock');
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  upstream = {
    name: 'the worker',
    pool: openSocketPool(socketPath, 4),
    headers: {},
    prefix: '',
    url: null,
    resendWithinMs: localResendMs,
  };
});

afterEach(async () => {
  await upstream.pool.destroy();
  server.close();
  rmSync(folder, { recursive: true });
});

/** Over one connection, so that the second request surely meets the first one's. */
async function overOne(): Promise<void> {
  await upstream.pool.destroy();
  upstream.pool = openSocketPool(socketPath, 1);
}

const ask = async (): Promise<string> =>
  (await fetchWhole(upstream, { method: 'POST', path: '/', body: '{}' })).body.toString();

test('a request that meets a closed connection is sent again over another', async () => {
  answeredEach = 2;
  for (let i = 0; i < 9; i++) expect(await ask()).toMatch(/^answer [12]$/);
  // The control: some of them did meet a closed one.
  expect(connections.filter((count) => count === 3).length).toBeGreaterThan(0);
});

test('several at once, each on a connection that was closed meanwhile', async () => {
  answeredEach = 1;
  await Promise.all([ask(), ask(), ask(), ask()]);
  expect(await Promise.all([ask(), ask(), ask(), ask()])).toEqual(Array(4).fill('answer 1'));
});

test('a server that breaks off a new connection is an error, not a loop', async () => {
  answeredEach = 0;
  await expect(ask()).rejects.toThrow(UpstreamFailure);
  expect(connections).toEqual([1]);
});

describe('a request that ended a server which had worked on it', () => {
  const requests = () => connections.reduce((sum, count) => sum + count, 0);

  beforeEach(overOne);

  test('is not sent again', async () => {
    answeredEach = 1;
    await ask();
    diesAfterMs = 300;
    upstream.resendWithinMs = 100;
    await expect(ask()).rejects.toThrow(UpstreamFailure);
    expect(requests()).toBe(2);
  });

  test('the control: it would be, were the time longer', async () => {
    answeredEach = 1;
    await ask();
    diesAfterMs = 300;
    upstream.resendWithinMs = 60_000;
    expect(await ask()).toBe('answer 1');
    expect(requests()).toBe(3);
  });
});

test('nothing is sent twice to a server that bills for it', async () => {
  await overOne();
  answeredEach = 1;
  await ask();
  upstream.resendWithinMs = 0;
  await expect(ask()).rejects.toThrow(UpstreamFailure);
  expect(connections).toEqual([2]);
});
