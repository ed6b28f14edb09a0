import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { ModelStoreClient, type ProgressEvent, type VerifyReport } from '@nanite/contracts';
import { createLog, listenOnPath, NaniteError } from '@nanite/kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KeptList } from '../list/kept-list';
import { Puller } from '../pull';
import { FakeSources, sha256Of } from '../pull/__fixtures__/tools';
import { Store } from '../store';
import { answerWith } from './api';
import type { Authority, Person } from './authority';
import { Jobs } from './jobs';
import { UnfinishedJobs } from './unfinished';
import { extensions } from './wiring';

let folder: string;
let lines: string[];
let sources: FakeSources;
let store: Store;
let server: Server;
let jobs: Jobs;
let client: ModelStoreClient;
let asked: Person[];
const own = process.getuid?.() ?? 0;

/** Lets everybody but user 4242; this process speaks for others. */
const authority: Authority = {
  allowChange: async (person) => {
    asked.push(person);
    if (person.uid === 4242) throw new NaniteError('not-authorised', 'no', { status: 403 });
  },
  maySpeakForOthers: async (uid) => uid === own,
};

async function serve(limits: { quotaBytes?: number | null; reserveBytes?: number } = {}): Promise<void> {
  const log = createLog((line) => lines.push(line));
  store = Store.open({
    root: join(folder, 'store'),
    packages: join(folder, 'packages'),
    quotaBytes: null,
    reserveBytes: 0,
    log,
    ...limits,
  });
  jobs = new Jobs(log);
  const settings = { chunkBytes: 65536, parallel: 2, bytesPerSecond: null };
  const puller = new Puller(store, sources.tools, settings);
  const kept = new KeptList(store.layout.list, () => ({ hash: '', settled: false }));
  const answer = answerWith({
    ...{ store, puller, jobs, authority, log, kept },
    extensions: extensions(log),
    waitOnMetered: false,
    isMetered: async () => false,
    unfinished: new UnfinishedJobs(store.layout.jobs, log),
  });
  server = createServer({ requestTimeout: 0 }, answer);
  await listenOnPath(server, join(folder, 'models.sock'), 0o666);
}
async function stop(): Promise<void> {
  await jobs.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  store.close();
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-models-'));
  lines = [];
  asked = [];
  sources = new FakeSources();
  client = new ModelStoreClient(join(folder, 'models.sock'));
  await serve();
});
afterEach(async () => {
  await stop();
  rmSync(folder, { recursive: true });
});

const all = async (events: AsyncIterable<ProgressEvent>): Promise<ProgressEvent[]> => {
  const seen: ProgressEvent[] = [];
  for await (const event of events) seen.push(event);
  return seen;
};
const offer = (name: string, size = 20_000) => {
  const bytes = randomBytes(size);
  sources.offer(name, [{ name: 'tiny.gguf', bytes }]);
  return { bytes, sha256: sha256Of(bytes) };
};
const pull = (reference: string) => all(client.pull({ reference }));

describe('pull', () => {
  it('tells its steps as Ollama does, and the model is there', async () => {
    const { bytes, sha256 } = offer('tiny:1');
    const events = await pull('tiny:1');
    expect([...new Set(events.map((event) => event.status))]).toEqual([
      'pulling manifest',
      `pulling ${sha256.slice(0, 12)}`,
      'verifying sha256 digest',
      'writing manifest',
      'success',
    ]);
    expect(events.filter((event) => event.completed !== undefined).at(-1)).toMatchObject({
      digest: `sha256:${sha256}`,
      total: bytes.length,
      completed: bytes.length,
    });
    expect(events.at(-1)).toMatchObject({ model: 'tiny-1' });
    const { models } = await client.list();
    expect(models).toMatchObject([
      {
        origin: 'store',
        manifest: { name: 'tiny:1', parameterSize: '134.52M', quantisation: 'Q4_1', licence: 'MIT' },
        record: { reference: 'tiny:1', trust: 'source', uid: own },
      },
    ]);
    expect(readFileSync(join(models[0]!.path, 'tiny.gguf'))).toEqual(bytes);
    expect(lines.join('')).toMatch(/pull uid=\d+ pid=\d+ subject="tiny:1"/);
  });

  it('gives server-sent events to a client that takes them', async () => {
    offer('tiny:1');
    const body = await new Promise<string>((resolve, reject) => {
      const call = httpRequest(
        {
          socketPath: join(folder, 'models.sock'),
          method: 'POST',
          path: '/v1/pull',
          headers: { accept: 'text/event-stream' },
        },
        (answer) => {
          expect(answer.headers['content-type']).toBe('text/event-stream');
          let text = '';
          answer.on('data', (part) => (text += String(part))).on('end', () => resolve(text));
        },
      );
      call.on('error', reject).end(JSON.stringify({ reference: 'tiny:1' }));
    });
    const events = body.split('\n\n').filter((part) => part !== '');
    expect(events.every((part) => part.startsWith('data: {'))).toBe(true);
    expect(events.at(-1)).toContain('"success"');
  });

  it('of the same model by several is one download', async () => {
    const { bytes } = offer('tiny:1', 200_000);
    sources.pauseMs = 1;
    sources.pieceBytes = 10_000;
    const results = await Promise.all([pull('tiny:1'), pull('tiny:1'), pull('tiny:1')]);
    for (const events of results) expect(events.at(-1)).toMatchObject({ status: 'success' });
    expect(new Set(results.map((events) => events.at(-1)?.job)).size).toBe(1);
    expect(sources.fetchedBytes).toBe(bytes.length);
  });

  it('of two models with a file in common fetches it once, and removing one keeps it', async () => {
    const shared = randomBytes(50_000);
    const [a, b] = [randomBytes(1000), randomBytes(1000)];
    for (const [name, own] of [
      ['a:1', a],
      ['b:1', b],
    ] as const) {
      sources.offer(name, [
        { name: 'shared.gguf', bytes: shared },
        { name: 'tokenizer.json', bytes: own, role: 'tokenizer' },
      ]);
    }
    sources.pauseMs = 1;
    await Promise.all([pull('a:1'), pull('b:1')]);
    expect(sources.fetchedBytes).toBe(shared.length + a.length + b.length);
    expect((await client.diskUsage()).totalBytes).toBe(52_000);
    expect(await client.remove('a')).toEqual({ model: 'a-1', freedBytes: 1000 });
    expect((await client.list()).models).toMatchObject([{ missing: [] }]);
  });

  it('of one that somebody cancels goes on for the other who wants the same file', async () => {
    const bytes = randomBytes(100_000);
    for (const name of ['a:1', 'b:1']) sources.offer(name, [{ name: 'same.gguf', bytes }]);
    sources.pauseMs = 2;
    const first = pull('a:1').catch((error: unknown) => error);
    const second = pull('b:1');
    await expect.poll(() => sources.fetchedBytes).toBeGreaterThan(5_000);
    const { jobs: running } = await client.jobs();
    await client.control(running.find(({ subject }) => subject === 'a:1')!.id, 'cancel');
    expect(await first).toMatchObject({ code: 'cancelled' });
    expect((await second).at(-1)).toMatchObject({ status: 'success' });
    expect(sources.fetchedBytes).toBe(bytes.length);
  });

  it('that is paused keeps what it has, and goes on from there', async () => {
    const { bytes } = offer('tiny:1', 100_000);
    sources.pauseMs = 2;
    const pulling = pull('tiny:1');
    await expect.poll(() => sources.fetchedBytes).toBeGreaterThan(5_000);
    const [job] = (await client.jobs()).jobs;
    expect(await client.control(job!.id, 'pause')).toMatchObject({ state: 'paused' });
    const before = sources.fetchedBytes;
    expect(before).toBeLessThan(bytes.length);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(sources.fetchedBytes).toBe(before);
    await client.control(job!.id, 'resume');
    expect((await pulling).map((event) => event.status)).toContain('paused');
    expect(sources.fetchedBytes).toBe(bytes.length);
  });

  it('goes on from where the service was when it ended', async () => {
    const { bytes } = offer('tiny:1', 100_000);
    sources.pauseMs = 2;
    const pulling = pull('tiny:1').catch((error: unknown) => error);
    await expect.poll(() => sources.fetchedBytes).toBeGreaterThan(5_000);
    await stop();
    expect(await pulling).toMatchObject({ code: 'stopped' });
    await serve();
    await pull('tiny:1');
    expect(sources.fetchedBytes).toBe(bytes.length);
  });

  it('whose client leaves goes on', async () => {
    offer('tiny:1', 50_000);
    sources.pauseMs = 1;
    for await (const event of client.pull({ reference: 'tiny:1' })) {
      if (event.completed !== undefined) break;
    }
    await expect.poll(async () => (await client.list()).models.length).toBe(1);
  });

  it('of bytes that are not what was promised is refused, and nothing of them is kept', async () => {
    sources.offer('bent:1', [{ name: 'x.gguf', bytes: randomBytes(5000), promised: 'a'.repeat(64) }]);
    await expect(pull('bent:1')).rejects.toMatchObject({ code: 'digest-mismatch', status: 422 });
    expect((await client.list()).models).toEqual([]);
    expect(readdirSync(store.layout.partial)).toEqual([]);
    expect(store.blobs.list()).toEqual([]);
  });

  it('that the gate refuses leaves no model and no blob', async () => {
    sources.offer('bad:1', [{ name: 'x.gguf', bytes: Buffer.from('BAD file') }]);
    await expect(pull('bad:1')).rejects.toMatchObject({ code: 'refused-model', status: 422 });
    expect((await client.list()).models).toEqual([]);
    expect(store.blobs.list()).toEqual([]);
  });

  it('of a file nobody promised a digest for is believed once, and says so', async () => {
    sources.offer('free:1', [{ name: 'x.gguf', bytes: randomBytes(5000), promised: null }]);
    expect((await pull('free:1')).at(-1)).toMatchObject({ status: 'success' });
  });

  it('is refused before the first byte where there is no room', async () => {
    await stop();
    await serve({ quotaBytes: 10_000 });
    offer('tiny:1');
    await expect(pull('tiny:1')).rejects.toMatchObject({ code: 'over-quota', status: 507 });
    await stop();
    await serve({ reserveBytes: Number.MAX_SAFE_INTEGER });
    await expect(pull('tiny:1')).rejects.toMatchObject({ code: 'no-space', status: 507 });
    expect(sources.started).toBe(0);
  });

  it('with a wrong reference or field is an error, not a stream', async () => {
    await expect(pull('no such thing')).rejects.toMatchObject({ code: 'bad-reference', status: 400 });
    await expect(all(client.pull({ reference: 'x', colour: 'red' } as never))).rejects.toMatchObject({
      code: 'bad-request',
      status: 400,
    });
  });
});

describe('who may', () => {
  it('read: everybody; change: whom the authority allows', async () => {
    offer('tiny:1');
    await pull('tiny:1');
    const other = client.for(4242);
    expect((await other.list()).models).toHaveLength(1);
    expect((await other.show('tiny')).manifest.name).toBe('tiny:1');
    expect((await other.diskUsage()).models).toHaveLength(1);
    for (const attempt of [
      () => all(other.pull({ reference: 'tiny:1' })),
      () => other.remove('tiny'),
      () => other.copy({ source: 'tiny', destination: 'mine' }),
      () => all(other.create({ model: 'mine', from: 'tiny' })),
      () => other.uploadBlob(`sha256:${'a'.repeat(64)}`, Readable.from(['x'])),
      () => all(other.verify()),
      () => other.collectGarbage(),
      () => other.pin({ model: 'tiny', pinned: true }),
      () => all(other.import({ path: '/tmp' })),
      () => other.control('0123456789abcdef', 'cancel'),
      () => other.fit({ reference: 'x', insecure: true }),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ code: 'not-authorised', status: 403 });
    }
    expect((await client.list()).models).toHaveLength(1);
    expect(asked.at(-1)).toEqual({ uid: 4242, pid: null, through: own });
    expect(lines.filter((line) => line.startsWith('warning: refused'))).toHaveLength(11);
  });
});

describe('create and copy', () => {
  it('make a model from another, its weights shared', async () => {
    const { sha256 } = offer('tiny:1');
    await pull('tiny:1');
    await all(
      client.create({
        model: 'pirate',
        from: 'tiny',
        system: 'You are a pirate.',
        parameters: { temperature: 0.5 },
        license: ['One', 'Two'],
        messages: [{ role: 'user', content: 'Ahoy' }],
      }),
    );
    const pirate = await client.show('pirate');
    expect(pirate).toMatchObject({
      manifest: { name: 'pirate:latest', system: 'You are a pirate.', parameters: { temperature: 0.5 } },
      record: { lineage: ['tiny:1'], licenceText: 'One\n\nTwo', messages: [{ content: 'Ahoy' }] },
      template: null,
    });
    expect(pirate.manifest.files).toMatchObject([{ sha256 }]);
    expect((await client.copy({ source: 'pirate', destination: 'captain:2' })).manifest.id).toBe('captain-2');
    expect((await client.diskUsage()).totalBytes).toBe(20_000);
    await client.remove('tiny');
    expect((await client.show('captain:2')).missing).toEqual([]);
  });

  it('make a model from uploaded blobs, and refuse bytes that are not what their digest says', async () => {
    const bytes = randomBytes(3000);
    const digest = `sha256:${sha256Of(bytes)}`;
    expect(await client.hasBlob(digest)).toBe(false);
    await expect(client.uploadBlob(digest, Readable.from([Buffer.from('x')]))).rejects.toMatchObject({
      code: 'digest-mismatch',
      status: 400,
    });
    await expect(all(client.create({ model: 'up', files: { 'm.gguf': digest } }))).rejects.toMatchObject({
      code: 'blob-missing',
    });
    await client.uploadBlob(digest, Readable.from([bytes]));
    expect(await client.hasBlob(digest)).toBe(true);
    await client.collectGarbage();
    await all(
      client.create({ model: 'up', files: { 'm.gguf': digest }, template: '{% for m in messages %}' }),
    );
    expect(await client.show('up')).toMatchObject({ template: '{% for m in messages %}', missing: [] });
  });

  it('answer an upload of what is there already, however much of it is still on its way', async () => {
    const pieces = Array.from({ length: 8 }, () => randomBytes(1 << 20));
    const digest = `sha256:${sha256Of(Buffer.concat(pieces))}`;
    for (let time = 0; time < 60; time++) await client.uploadBlob(digest, Readable.from(pieces));
    expect(await client.hasBlob(digest)).toBe(true);
  });

  it('give a model the abilities of the template that it gets', async () => {
    offer('tiny:1');
    await pull('tiny:1');
    const template =
      '{% for t in tools %}{{ t.function.name }}{% endfor %}{% for m in messages %}{{ m.content }}{% endfor %}';
    await all(client.create({ model: 'caller', from: 'tiny', template }));
    expect((await client.show('caller')).manifest.capabilities).toEqual(['completion', 'chat', 'tools']);
    await all(client.create({ model: 'talker', from: 'caller', template: '{{ messages[0].content }}' }));
    expect((await client.show('talker')).manifest.capabilities).toEqual(['completion', 'chat']);
  });

  it('refuse a template of Go that no engine reads', async () => {
    offer('tiny:1');
    await pull('tiny:1');
    await expect(
      all(client.create({ model: 'pirate', from: 'tiny', template: '{{ .Prompt }}{{ json .Tools }}' })),
    ).rejects.toMatchObject({ code: 'unsupported-template', status: 422 });
  });

  it('refuse a type, and what does not exist', async () => {
    offer('tiny:1');
    await pull('tiny:1');
    await expect(all(client.create({ model: 'a', from: 'tiny', quantize: 'q9' }))).rejects.toMatchObject({
      code: 'bad-request',
      hint: expect.stringContaining('Q4_K_M'),
    });
    await expect(all(client.create({ model: 'a', from: 'b' }))).rejects.toMatchObject({
      code: 'model-not-found',
    });
    await expect(all(client.create({ model: 'a' }))).rejects.toMatchObject({ code: 'bad-request' });
  });
});

describe('update', () => {
  it('says what changed, stages it, switches, and goes back', async () => {
    const old = offer('tiny:1');
    await pull('tiny:1');
    expect((await client.updates()).updates).toMatchObject([{ changes: [], staged: false, error: null }]);
    const next = offer('tiny:1', 30_000);
    const current = async () => (await client.show('tiny:1')).manifest.files[0]?.sha256;
    expect((await client.updates()).updates).toMatchObject([
      {
        changes: [`tiny.gguf changed: ${old.sha256.slice(0, 12)} → ${next.sha256.slice(0, 12)}`],
        fetchBytes: 30_000,
      },
    ]);
    await all(client.update({ model: 'tiny:1', action: 'stage' }));
    expect(await current()).toBe(old.sha256);
    expect((await client.updates()).updates).toMatchObject([{ staged: true, previous: false }]);
    await all(client.update({ model: 'tiny:1', action: 'switch' }));
    expect(await current()).toBe(next.sha256);
    await all(client.update({ model: 'tiny:1', action: 'back' }));
    expect(await current()).toBe(old.sha256);
    await expect(all(client.update({ model: 'tiny:1', action: 'switch' }))).rejects.toMatchObject({
      code: 'nothing-staged',
    });
  });

  it('leaves pinned models alone, and says why a source cannot be asked', async () => {
    offer('tiny:1');
    await pull('tiny:1');
    sources.models.clear();
    expect((await client.updates()).updates).toMatchObject([{ changes: [], error: 'no tiny:1' }]);
    await client.pin({ model: 'tiny:1', pinned: true });
    expect((await client.updates()).updates).toEqual([]);
    await expect(all(client.update({ model: 'tiny:1', action: 'stage' }))).rejects.toMatchObject({
      code: 'model-pinned',
    });
  });
});

describe('verify', () => {
  it('finds a bit that fell over, fetches the file again, and links it back', async () => {
    const { bytes, sha256 } = offer('tiny:1');
    await pull('tiny:1');
    const bent = Buffer.from(bytes);
    bent[100]! ^= 1;
    // Root, and the service itself, can write to a file of mode 0444.
    rmSync(store.blobs.path(sha256));
    writeFileSync(store.blobs.path(sha256), bent);
    const last = (await all(client.verify())).at(-1);
    expect(last?.result as VerifyReport).toEqual({
      checked: 1,
      bad: [{ sha256, models: ['tiny-1'], what: 'wrong-hash', repaired: true, why: null }],
    });
    expect(readFileSync(store.blobs.path(sha256))).toEqual(bytes);
    const [model] = (await client.list()).models;
    expect(model!.missing).toEqual([]);
    expect(readFileSync(join(model!.path, 'tiny.gguf'))).toEqual(bytes);
  });

  it('takes out of use what it cannot repair', async () => {
    const { sha256 } = offer('tiny:1');
    await pull('tiny:1');
    sources.models.clear();
    rmSync(store.blobs.path(sha256));
    const verify = async () => (await all(client.verify({ models: ['tiny'] }))).at(-1)?.result;
    // The model itself still has the file.
    expect(await verify()).toMatchObject({ bad: [{ what: 'missing', repaired: true }] });
    rmSync(store.blobs.path(sha256));
    rmSync(join(store.layout.model('tiny-1'), 'tiny.gguf'));
    expect(await verify()).toMatchObject({ bad: [{ what: 'missing', repaired: false }] });
    expect((await client.list()).models).toMatchObject([{ missing: ['tiny.gguf'] }]);
  });
});
