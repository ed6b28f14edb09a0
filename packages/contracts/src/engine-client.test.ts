import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineClient } from './engine-client';
import { ApiFailure } from './api-failure';

describe('EngineClient', () => {
  let dir: string;
  let socket: string;
  let server: Server | undefined;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'engine-client-'));
    socket = join(dir, 'engine.sock');
  });
  afterEach(async () => {
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
    server = undefined;
    rmSync(dir, { recursive: true });
  });
  const serve = (listener: RequestListener) =>
    new Promise<void>((resolve) => {
      server = createServer(listener).listen(socket, resolve);
    });

  it('sends the request and parses the answer, filling defaults', async () => {
    const seen: string[] = [];
    await serve((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      response.setHeader('content-type', 'application/json').end('{"workers":[]}');
    });
    expect(await new EngineClient(socket).workers()).toEqual({ workers: [] });
    expect(seen).toEqual(['GET /v1/workers']);
  });

  it('turns an error body into ApiFailure with its code, hint and status', async () => {
    await serve((_, response) => {
      response.writeHead(404).end('{"error":{"code":"model-not-found","message":"no x","hint":"try y"}}');
    });
    const failure = await new EngineClient(socket).start({ model: 'x' }).catch((e: unknown) => e);
    expect(failure).toBeInstanceOf(ApiFailure);
    expect(failure).toMatchObject({ status: 404, code: 'model-not-found', message: 'no x', hint: 'try y' });
  });

  it('reports an answer that is not JSON of ours', async () => {
    await serve((_, response) => void response.writeHead(200).end('<html>'));
    await expect(new EngineClient(socket).status()).rejects.toMatchObject({ code: 'bad-answer' });
  });

  it('reports a socket where nothing listens', async () => {
    await expect(new EngineClient(socket).status()).rejects.toMatchObject({
      code: 'unreachable',
      status: 503,
    });
  });

  it('takes an empty answer to a stop', async () => {
    await serve((_, response) => void response.writeHead(204).end());
    await expect(new EngineClient(socket).stop('a')).resolves.toBeUndefined();
  });

  it('ends a wait when the caller aborts', async () => {
    await serve(() => undefined);
    await expect(new EngineClient(socket).models(AbortSignal.timeout(20))).rejects.toMatchObject({
      name: 'AbortError',
    });
    server?.closeAllConnections();
  });
});
