import { createServer, type Server } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fetchWhole, openSocketPool, UpstreamFailure, type Upstream } from './client';

let folder: string;
let server: Server;
let upstream: Upstream;
/** Requests over each connection that the server has had. */
let connections: number[];
/** How many requests of a connection are answered; the next finds it closed. */
let answeredEach: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-upstream-'));
  connections = [];
  server = createServer((req, res) => {
    const connection = req.socket as typeof req.socket & { index?: number };
    connection.index ??= connections.push(0) - 1;
    const count = (connections[connection.index] = (connections[connection.index] ?? 0) + 1);
    if (count > answeredEach) req.socket.destroy();
    else res.end(`answer ${count}`);
  });
  const socketPath = join(folder, 'worker.sock');
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  upstream = { name: 'the worker', pool: openSocketPool(socketPath, 4), headers: {}, prefix: '', url: null };
});

afterEach(async () => {
  await upstream.pool.destroy();
  server.close();
  rmSync(folder, { recursive: true });
});

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
