import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { ModelStoreClient, type Job, type ProgressEvent } from '@nanite/contracts';
import { createLog, listenOnPath, NaniteError } from '@nanite/kit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { KeptList } from '../list/kept-list';
import { Puller } from '../pull';
import { FakeSources, sha256Of } from '../pull/__fixtures__/tools';
import { Store } from '../store';
import { answerWith } from './api';
import { Jobs } from './jobs';
import { resumeOrders } from './orders';
import { UnfinishedJobs } from './unfinished';
import { extensions } from './wiring';
import { isLasting, orderOf } from './order';

vi.setConfig({ testTimeout: 30_000 });

let folder: string;
let lines: string[];
let sources: FakeSources;
let store: Store;
let server: Server;
let jobs: Jobs;
let client: ModelStoreClient;
let metered: boolean;

/** As main.ts does it. */
async function start(): Promise<void> {
  const log = createLog((line) => lines.push(line));
  store = Store.open({
    root: join(folder, 'store'),
    packages: join(folder, 'packages'),
    quotaBytes: null,
    reserveBytes: 0,
    log,
  });
  jobs = new Jobs(log);
  const service = {
    ...{ store, jobs, log },
    kept: new KeptList(store.layout.list, () => ({ hash: '', settled: false })),
    puller: new Puller(store, sources.tools, { chunkBytes: 65536, parallel: 2, bytesPerSecond: null }),
    authority: { allowChange: async () => undefined, maySpeakForOthers: async () => false },
    extensions: extensions(log),
    waitOnMetered: true,
    isMetered: async () => metered,
    unfinished: new UnfinishedJobs(store.layout.jobs, log),
  };
  server = createServer(answerWith(service));
  await listenOnPath(server, join(folder, 'models.sock'), 0o666);
  resumeOrders(service);
}
async function stop(): Promise<void> {
  await jobs.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  store.close();
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-restart-'));
  lines = [];
  metered = false;
  sources = new FakeSources();
  sources.offer('tiny:1', [{ name: 'tiny.gguf', bytes: randomBytes(100_000) }]);
  sources.pauseMs = 2;
  client = new ModelStoreClient(join(folder, 'models.sock'));
  await start();
});
afterEach(async () => {
  await stop();
  rmSync(folder, { recursive: true });
});

const pull = async (more: object = {}): Promise<ProgressEvent | unknown> => {
  try {
    let last: ProgressEvent | undefined;
    for await (const event of client.pull({ reference: 'tiny:1', ...more })) last = event;
    return last;
  } catch (error) {
    return error;
  }
};
const begun = () => expect.poll(() => sources.fetchedBytes).toBeGreaterThan(5_000);
const names = async () => (await client.list()).models.map(({ manifest }) => manifest.name);
const jobFiles = () => readdirSync(store.layout.jobs);
const job = async () => (await client.jobs()).jobs[0]!;

describe('a pull that the end of the service cut off', () => {
  it('goes on by itself with the next start, as the same job, and fetches nothing twice', async () => {
    const pulling = pull();
    await begun();
    const { id, startedAt } = await job();
    expect(jobFiles()).toEqual([`${id}.json`]);
    expect(statSync(join(store.layout.jobs, `${id}.json`)).mode & 0o777).toBe(0o600);
    await stop();
    expect(await pulling).toMatchObject({ code: 'stopped', message: expect.stringContaining('continues') });
    await start();
    expect(await job()).toMatchObject({ id, startedAt, askedBy: [process.getuid?.()] });
    await expect.poll(names, { timeout: 20_000 }).toEqual(['tiny:1']);
    expect(sources.fetchedBytes).toBe(100_000);
    expect(jobFiles()).toEqual([]);
    expect(lines.join('')).toMatch(/a pull goes on uid=\d+ subject="tiny:1"/);
    expect(lines.join('')).toMatch(/pull done uid=\d+ subject="tiny:1" model="tiny-1"/);
  });

  it('is joined by who asks for the same again', async () => {
    void pull();
    await begun();
    const { id } = await job();
    await stop();
    await start();
    expect(await pull()).toMatchObject({ status: 'success', job: id });
  });

  it('does not go on where it needs a token: tokens are kept nowhere', async () => {
    void pull({ token: 'secret' });
    await begun();
    expect(jobFiles()).toEqual([]);
    await stop();
    await start();
    expect((await client.jobs()).jobs).toEqual([]);
  });

  it('waits and asks again where its source cannot be reached, as after a boot', async () => {
    void pull();
    await begun();
    await stop();
    const { resolve } = sources.tools;
    sources.tools.resolve = async () => {
      throw new NaniteError('source-unreachable', 'no network yet', { status: 502 });
    };
    await start();
    await expect.poll(async () => (await job()).state).toBe('waiting');
    expect(jobFiles()).toHaveLength(1);
    await stop();
    sources.tools.resolve = resolve;
    await start();
    await expect.poll(names, { timeout: 20_000 }).toEqual(['tiny:1']);
  });

  it('is given up when no start of the service got it any further', async () => {
    void pull();
    await begun();
    await stop();
    const [name] = jobFiles();
    const path = join(store.layout.jobs, name!);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"attempts":0', '"attempts":5'));
    await start();
    expect((await client.jobs()).jobs).toEqual([]);
    expect(existsSync(path)).toBe(false);
    expect(lines.join('')).toContain('given up');
  });

  it('is forgotten where what was written down cannot be read', async () => {
    await stop();
    writeFileSync(join(store.layout.jobs, 'abcdefgh.json'), '{');
    await start();
    expect((await client.jobs()).jobs).toEqual([]);
    expect(jobFiles()).toEqual([]);
  });
});

describe('other work that the end of the service cut off', () => {
  const bytes = randomBytes(50_000);
  const digest = `sha256:${sha256Of(bytes)}` as const;
  const all = async (events: AsyncIterable<ProgressEvent>): Promise<ProgressEvent[]> => {
    const seen: ProgressEvent[] = [];
    for await (const event of events) seen.push(event);
    return seen;
  };
  /** The gate takes for ever, until it is told to end; then it is itself again. */
  const hang = () => {
    const { inspect } = sources.tools;
    let entered = 0;
    sources.tools.inspect = (_path, { signal } = {}) => {
      entered += 1;
      return new Promise((_, reject) =>
        signal?.addEventListener('abort', () => reject(signal.reason as Error)),
      );
    };
    return {
      entered: () => expect.poll(() => entered).toBe(1),
      release: () => void (sources.tools.inspect = inspect),
    };
  };

  it.each<[string, () => AsyncIterable<ProgressEvent>, string[]]>([
    ['create', () => client.create({ model: 'made:1', files: { 'made.gguf': digest } }), ['made:1']],
    ['import', () => client.import({ path: join(folder, 'other') }), ['one:latest', 'two:latest']],
  ])('%s goes on with the next start, and leaves nothing behind', async (kind, ask, expected) => {
    mkdirSync(join(folder, 'other'));
    for (const name of ['one', 'two'])
      writeFileSync(join(folder, 'other', `${name}.gguf`), randomBytes(60_000));
    await client.uploadBlob(digest, Readable.from([bytes]));
    const gate = hang();
    const asking = all(ask()).catch((error: unknown) => error);
    await gate.entered();
    const { id } = await job();
    expect(jobFiles()).toEqual([`${id}.json`]);
    await stop();
    expect(await asking).toMatchObject({ code: 'stopped', message: expect.stringContaining('continues') });
    gate.release();
    await start();
    await expect.poll(async () => (await job()).state).toBe('done');
    expect(await job()).toMatchObject({ id, kind, askedBy: [process.getuid?.()] });
    expect((await names()).sort()).toEqual(expected);
    expect(jobFiles()).toEqual([]);
    expect(readdirSync(store.layout.partial)).toEqual([]);
    expect(lines.join('')).toContain(`a ${kind} goes on`);
  });

  it('verify goes on too', async () => {
    await pull();
    const asking = all(client.verify()).catch((error: unknown) => error);
    await stop();
    await asking;
    // As a kill leaves it: begun, and not ended.
    const id = 'abcdefgh12345678';
    const left = {
      schema: 1,
      kind: 'verify',
      request: {},
      id,
      askedBy: [0],
      attempts: 0,
      startedAt: new Date().toISOString(),
    };
    writeFileSync(join(folder, 'store/.jobs', `${id}.json`), JSON.stringify(left));
    await start();
    const found = async () => (await client.jobs()).jobs.find((each) => each.id === id);
    await expect.poll(async () => (await found())?.state).toBe('done');
    expect((await found())?.last?.result).toMatchObject({ checked: 1, bad: [] });
  });

  it('an export goes on too, over what was written before the kill', async () => {
    await pull();
    await stop();
    const { manifest } = store.find('tiny:1');
    const stick = join(folder, 'stick');
    const at = join(stick, manifest.id);
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, '.nanite-0123456789ab'), 'half of it');
    const id = 'abcdefgh12345678';
    const request = { models: ['tiny:1'], path: stick, kind: 'export' };
    const left = {
      ...{ schema: 1, kind: 'export', request, id, attempts: 0 },
      ...{ askedBy: [process.getuid?.() ?? 0], startedAt: new Date().toISOString() },
    };
    writeFileSync(join(folder, 'store/.jobs', `${id}.json`), JSON.stringify(left));
    await start();
    const found = async () => (await client.jobs()).jobs.find((each) => each.id === id);
    await expect.poll(async () => (await found())?.state, { timeout: 20_000 }).toBe('done');
    const [file] = manifest.files;
    expect(sha256Of(readFileSync(join(at, file!.path)))).toBe(file!.sha256);
    expect(readdirSync(at).filter((name) => name.startsWith('.'))).toEqual([]);
    expect(existsSync(join(stick, 'SHA256SUMS'))).toBe(true);
    expect(jobFiles()).toEqual([]);
    expect(lines.join('')).toContain('a export goes on');
  });

  it('says so where it cannot be done any more', async () => {
    const gate = hang();
    await client.uploadBlob(digest, Readable.from([bytes]));
    const asking = all(client.create({ model: 'made:1', files: { 'made.gguf': digest } })).catch(() => null);
    await gate.entered();
    await stop();
    await asking;
    gate.release();
    rmSync(join(folder, 'store/blobs', digest.replace(':', '-')));
    await start();
    await expect.poll(async () => (await job()).state).toBe('failed');
    expect((await job()).last).toMatchObject({ code: 'blob-missing' });
    expect(lines.join('')).toContain('a create that went on has failed');
    expect(jobFiles()).toEqual([]);
  });

  it('is not what would be another thing the second time', () => {
    const lasting = (kind: Job['kind'], request: object) => isLasting(orderOf(kind, request));
    expect(lasting('update', { model: 'x', action: 'stage' })).toBe(true);
    expect(lasting('update', { model: 'x', action: 'back' })).toBe(false);
    expect(lasting('update', { model: 'x', action: 'switch' })).toBe(false);
    expect(lasting('pull', { reference: 'x', token: 'secret' })).toBe(false);
  });
});

it.each([
  ['cancelled', 'cancel', []],
  ['paused', 'pause', ['paused']],
] as const)('a %s pull does not go on by itself', async (_, action, states) => {
  void pull();
  await begun();
  const { id } = await job();
  await client.control(id, action);
  await stop();
  const had = sources.fetchedBytes;
  // systemd does not wake the service for it either: what is hidden does not count.
  expect(jobFiles().filter((name) => !name.startsWith('.'))).toEqual([]);
  await start();
  expect((await client.jobs()).jobs.map(({ state }) => state)).toEqual(states);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(sources.fetchedBytes).toBe(had);
  if (states.length === 0) return;
  await client.control(id, 'resume');
  await expect.poll(names, { timeout: 20_000 }).toEqual(['tiny:1']);
  expect(sources.fetchedBytes).toBe(100_000);
  expect(jobFiles()).toEqual([]);
});

it('a pull that has failed is not tried again', async () => {
  sources.offer('bad:1', [{ name: 'x.gguf', bytes: Buffer.from('BAD file') }]);
  expect(await pull({ reference: 'bad:1' })).toMatchObject({ code: 'refused-model' });
  expect(jobFiles()).toEqual([]);
});

it('a pull waits while the connection is metered, unless it is told not to', async () => {
  metered = true;
  void pull();
  await expect.poll(async () => (await client.jobs()).jobs[0]?.state).toBe('waiting');
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(sources.started).toBe(0);
  expect(await pull({ metered: true })).toMatchObject({ status: 'success' });
});
