import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { fakeEntry } from './__fixtures__/fake-engine';
import { FakeStore, refuse, steps, value } from './__fixtures__/fake-store';
import { startTestGateway, type TestGateway } from './__fixtures__/test-gateway';

let at: TestGateway;
let store: FakeStore | null = null;
afterEach(async () => {
  store?.stop();
  store = null;
  await at.close();
});

async function start(answers: ConstructorParameters<typeof FakeStore>[0] | null): Promise<Ollama> {
  at = await startTestGateway();
  if (answers !== null) store = await new FakeStore(answers).start(join(at.engine.folder, 'models.sock'));
  return new Ollama({ host: at.url });
}

const stored = {
  manifest: {
    ...{ schema: 1, id: 'new', name: 'new:latest', description: '', format: 'gguf', family: 'llama' },
    ...{
      parameterSize: '1B',
      quantisation: 'Q4_0',
      capabilities: ['chat'],
      contextLength: 1,
      licence: 'MIT',
    },
    files: [{ role: 'weights', path: 'm.gguf', sha256: 'a'.repeat(64), size: 1 }],
    ...{ source: 'x', modifiedAt: '2026-11-23T00:00:00.000Z' },
  },
  ...{ record: { schema: 1 }, origin: 'store', path: '/x', sizeBytes: 1, digest: 'b'.repeat(64) },
};
const bytes = 'some weights';
const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const post = (path: string, body: unknown) =>
  fetch(`${at.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
const myUid = String(process.getuid?.());

describe('pull', () => {
  it('gives Ollama’s lines, and says who asks', async () => {
    const ollama = await start({
      'POST /v1/pull': steps(
        { status: 'pulling manifest' },
        { status: 'pulling aaa', digest, total: 10, completed: 5, rate: 3, eta: 1 },
        { status: 'success', model: 'llama3' },
      ),
    });
    const lines = [];
    for await (const line of await ollama.pull({ model: 'llama3', insecure: true, stream: true }))
      lines.push(line);
    expect(lines).toEqual([
      { status: 'pulling manifest' },
      { status: 'pulling aaa', digest, total: 10, completed: 5 },
      { status: 'success' },
    ]);
    expect(await ollama.pull({ model: 'llama3' })).toEqual({ status: 'success' });
    expect(store?.asked[0]).toMatchObject({ actingFor: myUid });
    expect(JSON.parse(store?.asked[0]?.body ?? '')).toMatchObject({ reference: 'llama3', insecure: true });
  });

  it('of a model that was not there makes it known at once', async () => {
    const ollama = await start({ 'POST /v1/pull': steps({ status: 'success', model: 'late' }) });
    const names = async () => (await ollama.list()).models.map(({ name }) => name);
    expect(await names()).not.toContain('late:1b');
    at.engine.entries.push(fakeEntry('late'));
    await ollama.pull({ model: 'late' });
    expect(await names()).toContain(fakeEntry('late').manifest.name);
  });

  it('fails with the status and the words of the store', async () => {
    const ollama = await start({
      'POST /v1/pull': refuse(403, 'not-authorised', 'you may not change the models'),
      'POST /v1/create': steps(
        { status: 'reading' },
        { status: 'error', error: 'the file is a pickle', code: 'refused-model', httpStatus: 422 },
      ),
    });
    await expect(ollama.pull({ model: 'llama3' })).rejects.toMatchObject({
      status_code: 403,
      message: 'you may not change the models',
    });
    const stream = await ollama.create({ model: 'x', from: 'y', stream: true });
    await expect(
      (async () => {
        for await (const _ of stream);
      })(),
    ).rejects.toThrow('the file is a pickle');
    await expect(ollama.create({ model: 'x', from: 'y' })).rejects.toMatchObject({ status_code: 422 });
    expect((await post('/api/pull', {})).status).toBe(400);
    expect((await post('/api/create', { model: 'x' })).status).toBe(400);
    expect((await post('/api/create', { model: 'x', modelfile: 'FROM y' })).status).toBe(400);
  });
});

it('copies and deletes with 200 and nothing, 404 for what is not there', async () => {
  const ollama = await start({
    'POST /v1/copy': value(stored),
    'DELETE /v1/models/new%3Alatest': value({ model: 'new', freedBytes: 1 }),
  });
  const copied = await post('/api/copy', { source: 'smollm2', destination: 'new' });
  expect([copied.status, await copied.text()]).toEqual([200, '']);
  expect(await ollama.copy({ source: 'smollm2', destination: 'new' })).toEqual({ status: 'success' });
  expect(await ollama.delete({ model: 'new:latest' })).toEqual({ status: 'success' });
  await expect(ollama.delete({ model: 'gone' })).rejects.toMatchObject({
    status_code: 404,
    message: "model 'x' not found",
  });
  const openai = new OpenAI({ baseURL: `${at.url}/v1`, apiKey: 'none', maxRetries: 0 });
  expect(await openai.models.delete('new:latest')).toEqual({
    id: 'new:latest',
    object: 'model',
    deleted: true,
  });
  await expect(openai.models.delete('gone')).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
});

it('hands blobs through', async () => {
  await start({
    [`HEAD /v1/blobs/${digest}`]: (response) => void response.end(),
    [`POST /v1/blobs/${digest}`]: (response) => void response.writeHead(201).end(),
    [`POST /v1/blobs/sha256:${'0'.repeat(64)}`]: refuse(400, 'digest-mismatch', 'digest mismatch'),
  });
  const blob = (name: string, init: RequestInit) => fetch(`${at.url}/api/blobs/${name}`, init);
  expect((await blob(digest, { method: 'HEAD' })).status).toBe(200);
  expect((await blob(`sha256:${'1'.repeat(64)}`, { method: 'HEAD' })).status).toBe(404);
  expect((await blob(digest, { method: 'POST', body: bytes })).status).toBe(201);
  expect(store?.asked.at(-1)?.body).toBe(bytes);
  expect((await blob(`sha256:${'0'.repeat(64)}`, { method: 'POST', body: bytes })).status).toBe(400);
  expect((await blob('sha256:xyz', { method: 'POST', body: bytes })).status).toBe(400);
  expect((await blob('../../etc/passwd', { method: 'HEAD' })).status).toBe(404);
});

it('without the store refuses all of it, truthfully', async () => {
  const ollama = await start(null);
  const refused = { status_code: 501, message: expect.stringContaining('apt install nanite-models') };
  await expect(ollama.pull({ model: 'llama3' })).rejects.toMatchObject(refused);
  await expect(ollama.create({ model: 'x', from: 'y' })).rejects.toMatchObject(refused);
  await expect(ollama.copy({ source: 'x', destination: 'y' })).rejects.toMatchObject(refused);
  await expect(ollama.delete({ model: 'x' })).rejects.toMatchObject(refused);
  await expect(ollama.push({ model: 'x' })).rejects.toMatchObject({ status_code: 501 });
  expect((await fetch(`${at.url}/api/blobs/${digest}`, { method: 'HEAD' })).status).toBe(501);
});
