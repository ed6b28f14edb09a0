import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeGateway } from '../__fixtures__/fake-gateway';
import { FakeStore, refuse, steps, storedModel, value } from '../__fixtures__/fake-store';
import { Nanite } from '../__fixtures__/nanite';
import { readCatalogue, searchCatalogue } from './catalogue';
import { nameOfFile, partsOf } from './fetch';
import { duration, progressLine, stoppedText } from './follow';

// Each starts the program several times, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const nanite = new Nanite();
let store: FakeStore;
let gateway: FakeGateway;

beforeAll(() => nanite.build());
afterAll(() => nanite.remove());
beforeEach(async () => {
  gateway = await new FakeGateway().start();
  store = await new FakeStore(join(gateway.folder, 'models.sock')).start();
});
afterEach(async () => {
  await store.stop();
  await gateway.stop();
});

const run = (...words: string[]) => nanite.run(['models', ...words], { NANITE_RUNTIME_DIR: gateway.folder });
const without = (...words: string[]) => nanite.run(['models', ...words], {});
/** Requests but those that only look. */
const changes = () => store.asked.filter(({ method }) => method !== 'GET');
const digest = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

describe('without the model store', () => {
  it('each verb says which package it is in', async () => {
    for (const words of [['pull', 'llama3'], ['rm', 'x'], ['du'], ['verify'], ['fit', 'x'], ['jobs']]) {
      const ran = await without(...words);
      expect(ran.status, words.join(' ')).toBe(4);
      expect(ran.stderr).toContain('apt install nanite-models');
    }
  });

  it('search says which package the catalogue is in', async () => {
    const ran = await without('search', 'code');
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain('apt install nanite-model-catalog');
  });
});

describe('pull', () => {
  it('asks the store, tells the steps, and names the model', async () => {
    store.on(
      'POST /v1/pull',
      steps(
        { status: 'pulling manifest' },
        { status: 'pulling aaa', total: 100, completed: 50 },
        { status: 'success', model: 'llama3-8b' },
      ),
    );
    const ran = await run('pull', 'llama3:8b', '--name', 'mine', '--insecure');
    expect(ran).toMatchObject({
      status: 0,
      stdout: 'llama3-8b\n',
      stderr: 'pulling manifest\npulling aaa\nsuccess\n',
    });
    expect(store.asked[0]?.body).toEqual({
      reference: 'llama3:8b',
      name: 'mine',
      insecure: true,
      metered: false,
      token: null,
    });
    const json = await run('pull', 'llama3:8b', '--json');
    const lines = json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { status: string });
    expect(lines.map(({ status }) => status)).toEqual(['pulling manifest', 'pulling aaa', 'success']);
    expect((await run('pull', 'llama3:8b', '--background')).stdout).toBe('job00001\n');
  });

  it('gives the token of a file to the source, and that of Hugging Face to it alone', async () => {
    store.on('POST /v1/pull', steps({ status: 'success', model: 'x' }));
    const file = join(gateway.folder, 'token');
    writeFileSync(file, 'secret\n');
    const env = { NANITE_RUNTIME_DIR: gateway.folder, HF_TOKEN: 'hub' };
    await nanite.run(['models', 'pull', 'hf://o/r:Q4_0', '--token-file', file], env);
    await nanite.run(['models', 'pull', 'hf://o/r:Q4_0'], env);
    await nanite.run(['models', 'pull', 'https://example.org/x.gguf'], env);
    expect(changes().map(({ body }) => (body as { token: unknown }).token)).toEqual(['secret', 'hub', null]);
  });

  it('fails as the store says, with what to do', async () => {
    store.on(
      'POST /v1/pull',
      steps({ status: 'x' }, { status: 'error', error: 'no room', code: 'no-space', httpStatus: 507 }),
    );
    const ran = await run('pull', 'llama3');
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain('no room');
    store.on('POST /v1/pull', refuse(403, 'not-authorised', 'you may not'));
    expect((await run('pull', 'llama3')).stderr).toContain('adduser');
    store.on('POST /v1/pull', steps({ status: 'pulling manifest' }));
    expect((await run('pull', 'llama3')).status).toBe(1);
  });

  it('cancels the job on Ctrl-C', async () => {
    store.on('POST /v1/pull', (_asked, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.write(`${JSON.stringify({ status: 'pulling', job: 'job00001' })}\n`);
    });
    const job = { id: 'job00001', kind: 'pull', subject: 'x', state: 'cancelled', askedBy: [1] };
    store.on('POST /v1/jobs/job00001', value({ ...job, startedAt: '2026-11-23T00:00:00.000Z', last: null }));
    const started = nanite.start(['models', 'pull', 'x', '--json'], { NANITE_RUNTIME_DIR: gateway.folder });
    await started.shows('pulling');
    started.child.kill('SIGINT');
    expect((await started.ended).status).toBe(130);
    expect(changes().at(-1)).toMatchObject({
      path: '/v1/jobs/job00001',
      body: { action: 'cancel' },
    });
  });

  it('leaves a job alone that it only watches', async () => {
    store.asked.length = 0;
    store.on('GET /v1/jobs/job00001', (_asked, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.write(`${JSON.stringify({ status: 'pulling', job: 'job00001' })}\n`);
    });
    const words = ['models', 'jobs', 'follow', 'job00001'];
    const started = nanite.start(words, { NANITE_RUNTIME_DIR: gateway.folder });
    await started.tells('pulling');
    started.child.kill('SIGINT');
    expect(await started.ended).toMatchObject({
      status: 130,
      stderr: 'pulling\nthe job goes on: nanite models jobs\n',
    });
    expect(store.asked.map(({ method }) => method)).toEqual(['GET']);
  });

  it('says how far a download came, and that it can be continued', () => {
    const last = { status: 'pulling x.gguf', job: 'j', total: 400 * 2 ** 20, completed: 100 * 2 ** 20 };
    const text = 'stopped at 100 MiB of 400 MiB; run the same command to continue from there';
    expect(stoppedText(last)).toBe(text);
    expect(stoppedText({ ...last, status: 'quantising' })).toBe('stopped at 100 MiB of 400 MiB');
    expect(stoppedText(null)).toBe('stopped');
  });

  it('hands over a file that only its owner may read, and only if it is not there yet', async () => {
    const path = join(gateway.folder, 'My Model.Q4_0.gguf');
    writeFileSync(path, 'weights');
    store
      .on(`POST /v1/blobs/${digest('weights')}`, (_asked, response) => void response.writeHead(201).end())
      .on('POST /v1/create', steps({ status: 'success', model: 'my-model.q4-0' }));
    const ran = await run('pull', path);
    expect(ran).toMatchObject({ status: 0, stdout: 'my-model.q4_0\n', stderr: 'success\n' });
    expect(changes().map(({ method, body }) => [method, body])).toEqual([
      ['HEAD', ''],
      ['POST', 'weights'],
      ['POST', { model: 'my-model.q4_0', files: { 'My Model.Q4_0.gguf': digest('weights') } }],
    ]);
    store.asked.length = 0;
    store.on(`HEAD /v1/blobs/${digest('weights')}`, (_asked, response) => void response.end());
    await run('pull', path);
    expect(changes().map(({ method }) => method)).toEqual(['HEAD', 'POST']);
    expect((await run('pull', './gone.gguf')).status).toBe(2);
  });
});

describe('create', () => {
  it('reads the Modelfile by the store, and uploads the files it names', async () => {
    writeFileSync(join(gateway.folder, 'Modelfile'), 'FROM ./base.gguf\nSYSTEM hi\n');
    writeFileSync(join(gateway.folder, 'base.gguf'), 'base');
    store
      .on('POST /v1/modelfile', value({ froms: ['./base.gguf'], adapterPaths: [], system: 'hi' }))
      .on(`HEAD /v1/blobs/${digest('base')}`, (_asked, response) => void response.end())
      .on('POST /v1/create', steps({ status: 'success', model: 'mine' }));
    const file = join(gateway.folder, 'Modelfile');
    expect((await run('create', 'mine', '-f', file)).status).toBe(0);
    expect(changes().at(-1)?.body).toEqual({
      model: 'mine',
      system: 'hi',
      files: { 'base.gguf': digest('base') },
    });
    store.on('POST /v1/modelfile', value({ froms: ['llama3:8b'], adapterPaths: [] }));
    expect((await run('create', 'mine', '-f', file)).status).toBe(0);
    expect(changes().at(-1)?.body).toEqual({ model: 'mine', from: 'llama3:8b' });
  });

  it('takes a projector beside the model, and no second model', async () => {
    writeFileSync(join(gateway.folder, 'mmproj.gguf'), 'projector');
    writeFileSync(join(gateway.folder, 'Modelfile'), '');
    const file = join(gateway.folder, 'Modelfile');
    store
      .on('POST /v1/modelfile', value({ froms: ['llama3:8b', './mmproj.gguf'], adapterPaths: [] }))
      .on(`HEAD /v1/blobs/${digest('projector')}`, (_asked, response) => void response.end())
      .on('POST /v1/create', steps({ status: 'success', model: 'mine' }));
    expect((await run('create', 'mine', '-f', file)).status).toBe(0);
    expect(changes().at(-1)?.body).toEqual({
      model: 'mine',
      from: 'llama3:8b',
      files: { 'mmproj.gguf': digest('projector') },
    });
    store.on('POST /v1/modelfile', value({ froms: ['llama3:8b', 'phi3'], adapterPaths: [] }));
    const twice = await run('create', 'mine', '-f', file);
    expect(twice.status).not.toBe(0);
    expect(twice.stderr).toContain('several FROM lines name a model: llama3:8b, phi3');
  });
});

describe('list and show', () => {
  const runs = { backend: 'cpu', context: 2048, memoryBytes: 1, vramBytes: 0, tokensPerSecond: null };
  const fit = { ...runs, runs: false, why: 'too large', quantisation: 'Q4_K_M', basis: 'header' };

  it('join what the gateway and the store know', async () => {
    const models = [
      storedModel('smollm2:135m', { fit }),
      storedModel('hurt:1b', { missing: ['model.gguf'] }),
    ];
    store.on('GET /v1/models', value({ models }));
    const { stdout } = await run('list');
    expect(stdout).toMatch(/^smollm2:135m .* no /m);
    expect(stdout).toMatch(/^hurt:1b .* damaged /m);
    expect(stdout).toMatch(/^bge-small .* - /m);
    const listed = JSON.parse((await run('list', '--json')).stdout) as { models: Array<{ name: string }> };
    expect(listed.models.map(({ name }) => name)).toEqual(['bge-small', 'smollm2:135m', 'hurt:1b']);
  });

  it('show lineage, trust and texts', async () => {
    const details = {
      ...storedModel('smollm2:135m'),
      record: {
        schema: 1,
        lineage: ['base:1b'],
        licenceText: 'LICENCE TEXT',
        pinned: true,
        trust: 'first-use',
      },
      template: '{{ .Prompt }}',
      modelfile: 'FROM base:1b\n',
    };
    store.on('GET /v1/models/smollm2%3A135m', value(details));
    const { stdout } = await run('show', 'smollm2:135m');
    expect(stdout).toMatch(/made from +base:1b/);
    expect(stdout).toMatch(/digests +not known before the download/);
    expect((await run('show', 'smollm2:135m', '--modelfile')).stdout).toContain('\nFROM base:1b\n');
    expect((await run('show', 'smollm2:135m', '--licence')).stdout).toBe('LICENCE TEXT\n');
    expect(stdout).toContain('--licence prints the text');
    expect(stdout).toContain('{{ .Prompt }}');
    // One that the gateway has from elsewhere is shown as before.
    expect((await run('show', 'bge-small')).stdout).toContain('embedding');
  });
});

describe('what keeps the store', () => {
  it('rm, cp, pin, du, gc, fit, update and jobs', async () => {
    store
      .on('DELETE /v1/models/a%2Fb%3Ac', value({ model: 'a-b-c', freedBytes: 2048 }))
      .on('POST /v1/copy', value(storedModel('new:1b')))
      .on('POST /v1/pin', value(storedModel('x:1b')))
      .on('POST /v1/gc', value({ blobs: 2, freedBytes: 1024 }))
      .on(
        'GET /v1/du',
        value({
          ...{ totalBytes: 10, partialBytes: 1, unreferencedBytes: 2, freeBytes: 100, quotaBytes: null },
          models: [{ id: 'x', name: 'x:1b', sizeBytes: 8, ownBytes: 3 }],
        }),
      )
      .on('POST /v1/fit', value({ reference: 'x', name: 'x', fits: [] }))
      .on('GET /v1/updates', value({ updates: [] }))
      .on('GET /v1/jobs', value({ jobs: [] }));
    expect((await run('rm', 'a/b:c')).stdout).toBe('a/b:c removed, 2.0 KiB freed\n');
    expect((await run('rm', 'gone')).status).toBe(3);
    expect((await run('cp', 'x', 'new:1b')).stdout).toBe('new:1b\n');
    expect((await run('unpin', 'x')).stdout).toBe('x:1b is no longer pinned\n');
    expect((await run('lsit')).stderr).toMatch(/models lsit\n +did you mean: nanite models list/);
    expect((await run('jobs', 'cancel')).status).toBe(2);
    expect((await run('gc')).stdout).toBe('2 files removed, 1.0 KiB freed\n');
    expect((await run('du')).stdout).toMatch(/^x:1b +8 B +3 B$/m);
    expect((await run('fit', 'x')).status).toBe(3);
    expect((await run('jobs', '--json')).stdout).toContain('"jobs": []');
    expect((await run('update')).stdout).toContain('No model');
  });

  it('verify says what is bad and fails where it stays so', async () => {
    const bad = { sha256: 'c'.repeat(64), models: ['x'], what: 'wrong-hash' };
    const result = (repaired: boolean) => ({ checked: 3, bad: [{ ...bad, repaired, why: null }] });
    store.on('GET /v1/models', value({ models: [storedModel('x')] }));
    store.on('POST /v1/verify', steps({ status: 'success', result: result(true) }));
    expect(await run('verify')).toMatchObject({ status: 0, stdout: expect.stringContaining('repaired') });
    store.on('POST /v1/verify', steps({ status: 'success', result: result(false) }));
    const ran = await run('verify', 'x', '--no-repair');
    expect(ran).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('is damaged, of x\n  not repaired'),
    });
    expect(changes().at(-1)?.body).toEqual({ models: ['x'], repair: false });
  });

  it('import, export and share are done as the person, by the program of nanite-models', async () => {
    const lib = join(gateway.folder, 'lib');
    mkdirSync(join(lib, 'models'), { recursive: true });
    const env = { NANITE_RUNTIME_DIR: gateway.folder, NANITE_LIB_DIR: lib };
    const sharing = (...words: string[]) => nanite.run(['models', ...words], env);
    const absent = await sharing('import', '/srv');
    expect(absent).toMatchObject({ status: 4, stderr: expect.stringContaining('nanite-models') });
    // Says what it was asked, as the one model that it found.
    writeFileSync(
      join(lib, 'models/sharing.mjs'),
      `const say = (event) => console.log(JSON.stringify(event));
       const asked = process.argv[2];
       if (asked.includes('/bad')) { say({ status: 'error', error: 'no', code: 'bad-store', httpStatus: 422 }); process.exit(1); }
       const result = { kind: 'ollama', models: [{ name: asked }], files: [{ path: asked, how: 'reflink', size: 1 }] };
       if (asked.includes('/some')) result.refused = [{ name: 'x', message: 'a pickle' }];
       say({ status: 'working' });
       say({ status: 'success', result });`,
    );
    const imported = await sharing(
      'import',
      '/srv/../srv/ollama',
      '--kind',
      'ollama',
      '--model',
      'a',
      '--dry-run',
    );
    expect(JSON.parse(imported.stdout)).toEqual({
      import: { path: '/srv/ollama', kind: 'ollama', models: ['a'], dryRun: true },
    });
    const exported = await sharing('export', 'x', 'y', '--to', 'stick');
    expect(exported.stdout).toMatch(/^reflink +1 B /);
    expect(exported.stdout).toContain(
      JSON.stringify({ models: ['x', 'y'], path: resolve('stick'), kind: 'export' }),
    );
    const shared = await sharing('share', 'x', '--with', 'ollama', '--to', '/srv/ollama');
    expect(shared.stdout).toContain('"kind":"ollama"');
    expect(await sharing('import', '/some')).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('a pickle'),
    });
    expect(await sharing('import', '/bad')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('no'),
    });
    expect((await sharing('share', 'x', '--to', '/srv')).status).toBe(2);
  });
});

describe('search', () => {
  const families = readCatalogue(
    resolve(import.meta.dirname, '../../../../packages/model-catalog/catalogue'),
  );

  it('finds by every word, and says what runs here', () => {
    const names = (words: string[]) => searchCatalogue(families, words, 4e9).map(({ name }) => name);
    expect(names(['qwen', 'code'])).toContain('qwen2.5-coder:7b');
    expect(names(['WHISPER', 'english'])).toContain('whisper:base.en');
    expect(names(['no-such-word'])).toEqual([]);
    const here = Object.fromEntries(
      searchCatalogue(families, [], 4e9).map(({ name, runsHere }) => [name, runsHere]),
    );
    expect(here).toMatchObject({ 'llama3.2:1b': true, 'llama3.1:70b': false, 'whisper:tiny': null });
  });

  it('prints a table, and completes references', async () => {
    const folder = join(nanite.share, 'catalogue');
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'llama.json'),
      JSON.stringify(families.find(({ family }) => family === 'Llama 3')),
    );
    expect((await without('search', '70b')).stdout).toMatch(/^llama3.1:70b +Q4_K_M +~40 GiB/m);
    const all = (await without('search', 'llama3.1:8b', '--all')).stdout;
    expect(all).toMatch(/^llama3.1:8b-instruct-q8_0 /m);
    const completed = await nanite.run(['__complete', 'models', 'pull', 'llama3.2:1'], {});
    expect(completed.stdout).toContain('llama3.2:1b-instruct-q4_K_M');
    writeFileSync(join(folder, 'bad.json'), '{');
    expect((await without('search', 'x')).stderr).toContain('bad.json');
  });
});

it('names a model after its file, and knows the parts of a split one', () => {
  expect(nameOfFile('/x/Some_Model.Q4_K_M.gguf')).toBe('some_model.q4_k_m');
  expect(nameOfFile('/x/big-00001-of-00002.gguf')).toBe('big');
  expect(partsOf('/x/big-00001-of-00002.gguf')).toEqual([
    '/x/big-00001-of-00002.gguf',
    '/x/big-00002-of-00002.gguf',
  ]);
  expect(partsOf('/x/a.gguf')).toEqual(['/x/a.gguf']);
});

it('tells progress in words', () => {
  const event = { status: 'pulling x', total: 1000, completed: 333, rate: 2048, eta: 125 };
  expect(progressLine(event)).toBe('pulling x  33 %  333 B of 1000 B  2.0 KiB/s  2 min left');
  expect(progressLine({ status: 'a\u001b[2Jb' })).toBe('a[2Jb');
  expect([duration(5), duration(3900)]).toEqual(['5 s', '1 h 5 min']);
});
