import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { get, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listenOnPath } from '@nanite/kit';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDoor } from '../service/door';
import { basisOfList } from './basis';
import { fingerprint } from './fingerprint';
import { KeptList } from './kept-list';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-list-'));
  for (const [variable, name] of [
    ['NANITE_STATE_DIR', 'state'],
    ['NANITE_SHARE_DIR', 'share'],
    ['NANITE_ETC_DIR', 'etc'],
    ['NANITE_RUNTIME_DIR', 'run'],
    ['NANITE_LIB_DIR', 'lib'],
  ] as const) {
    vi.stubEnv(variable, join(folder, name));
  }
  for (const path of [
    'state/models/a/model.gguf',
    'state/models/a/manifest.json',
    'share/models/b/manifest.json',
  ])
    put(path);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function put(path: string, text = 'x'): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}
const hash = (): string => fingerprint(basisOfList()).hash;
/** Until a change is one that would be seen. */
const settle = () => vi.waitFor(() => expect(fingerprint(basisOfList()).settled).toBe(true), 2_000);

describe('what a list is made of', () => {
  it.each<[string, () => void]>([
    ['a manifest that is written in its place', () => put('state/models/a/manifest.json', 'y')],
    ['a manifest that was touched', () => utimesSync(join(folder, 'state/models/a/manifest.json'), 1, 1)],
    ['a file that went', () => rmSync(join(folder, 'state/models/a/model.gguf'))],
    ['a record that came', () => put('state/models/a/record.json')],
    ['a model that came', () => put('state/models/c/manifest.json')],
    ['a model that went', () => rmSync(join(folder, 'share/models/b'), { recursive: true })],
    [
      'a model of another name',
      () => renameSync(join(folder, 'share/models/b'), join(folder, 'share/models/c')),
    ],
    [
      'a model that moved from the package to the store',
      () => renameSync(join(folder, 'share/models/b'), join(folder, 'state/models/b')),
    ],
    ['a setting', () => put('etc/config.yaml', 'engine: {}')],
    ['a setting in a file of its own', () => put('etc/config.d/a.yaml', 'engine: {}')],
    ['a setting of a package', () => put('share/config.d/a.yaml', 'engine: {}')],
    ['the hardware', () => put('run/hardware.json')],
    ['llama.cpp, which came', () => put('lib/llama/llama-fit-params')],
    ['a backend of it', () => put('lib/llama/libggml-cuda.so')],
    ['what it said', () => put('state/models/fits.json')],
    ['the speed of memory', () => put('state/models/speed.json')],
  ])('%s makes it another', (_what, change) => {
    const before = hash();
    expect(hash()).toBe(before);
    change();
    expect(hash()).not.toBe(before);
  });

  it.each<[string, () => void]>([
    ['a model that is not there yet', () => put('state/models/.new-1/manifest.json')],
    ['a version that is staged', () => put('state/models/.staged/a/manifest.json')],
    ['a blob', () => put('state/models/blobs/sha256-0')],
    ['the kept list itself', () => put('state/models/.list.json')],
  ])('%s does not', (_what, change) => {
    const before = hash();
    change();
    expect(hash()).toBe(before);
  });
});

describe('a list that is kept', () => {
  const make = (text: string, complete = true) => ({ text, complete });
  const open = () => new KeptList(join(folder, 'kept.json'), () => fingerprint(basisOfList()));

  it('is made once, also for the next run, until something changes', async () => {
    await settle();
    const first = open();
    expect(first.get()).toBeNull();
    expect(String(first.make(() => make('{"models":["ä\n"]}')))).toBe('{"models":["ä\n"]}');
    expect(String(first.get())).toBe('{"models":["ä\n"]}');
    first.save();
    const second = open();
    expect(String(second.get())).toBe('{"models":["ä\n"]}');
    expect(second.isIncomplete).toBe(false);
    put('state/models/c/manifest.json');
    expect(second.get()).toBeNull();
    expect(open().get()).toBeNull();
  });

  it('is not kept while something has just changed, for it may change again within the same tick', async () => {
    await settle();
    put('state/models/a/record.json');
    const kept = open();
    kept.make(() => make('one'));
    expect(kept.get()).toBeNull();
    await settle();
    kept.make(() => make('two'));
    expect(String(kept.get())).toBe('two');
  });

  it('is made again where something changes while it is made', async () => {
    await settle();
    const kept = open();
    kept.make(() => {
      put('state/models/c/manifest.json');
      return make('without c');
    });
    expect(kept.get()).toBeNull();
  });

  it('is forgotten when told, and where its file is broken', async () => {
    await settle();
    const kept = open();
    kept.make(() => make('one', false));
    expect(kept.isIncomplete).toBe(true);
    kept.save();
    kept.forget();
    expect(kept.get()).toBeNull();
    expect(String(open().get())).toBe('one');
    put('kept.json', '{"hash":');
    expect(open().get()).toBeNull();
  });
});

describe('the door', () => {
  let server: Server;
  let loaded: number;
  let kept: KeptList;
  let load: () => Promise<never>;
  const socketPath = () => join(folder, 'x.sock');
  const ask = (path: string, headers = {}) =>
    new Promise<string>((resolve, reject) =>
      get({ socketPath: socketPath(), path, headers, agent: false }, (answer) => {
        let text = '';
        answer.on('data', (part) => (text += String(part)));
        answer.once('end', () => resolve(`${answer.statusCode} ${text}`));
      }).once('error', reject),
    );

  beforeEach(async () => {
    loaded = 0;
    load = () => Promise.reject(new Error('not here'));
    await settle();
    kept = new KeptList(join(folder, 'kept.json'), () => fingerprint(basisOfList()));
    kept.make(() => ({ text: 'the list', complete: true }));
    server = createDoor(kept, async () => {
      loaded += 1;
      if (loaded > 5) await load();
      return (request, response) => void response.end(`service: ${request.url}`);
    });
    await listenOnPath(server, socketPath(), 0o600);
  });
  afterEach(() => void server.close());

  it('answers a list that has not changed without the service', async () => {
    expect(await ask('/v1/models')).toBe('200 the list');
    expect(loaded).toBe(0);
  });

  it('leaves all else to the service: other questions, who asks for somebody else, and a list that has changed', async () => {
    expect(await ask('/v1/models/a')).toBe('200 service: /v1/models/a');
    expect(await ask('/v1/models', { 'nanite-acting-for': '1000' })).toBe('200 service: /v1/models');
    put('state/models/c/manifest.json');
    expect(await ask('/v1/models')).toBe('200 service: /v1/models');
    expect(loaded).toBe(3);
  });

  it('is all that is read before the first answer: no library', async () => {
    const { metafile } = await build({
      entryPoints: [join(import.meta.dirname, '../main.ts')],
      ...{ bundle: true, splitting: true, write: false, metafile: true },
      ...{ format: 'esm', platform: 'node', outdir: 'out', external: ['koffi'], logLevel: 'error' },
    });
    const read = new Set<string>();
    const follow = (output: string): void => {
      const { inputs, imports } = metafile.outputs[output]!;
      for (const input of Object.keys(inputs)) read.add(input);
      for (const { path, kind, external } of imports)
        if (kind === 'import-statement' && !external) follow(path);
    };
    follow('out/main.js');
    expect([...read].some((path) => path.endsWith('service/door.ts'))).toBe(true);
    expect(
      [...read].filter((path) => path.includes('node_modules') || path.endsWith('src/start.ts')),
    ).toEqual([]);
  });

  it('leaves nobody waiting where the service cannot be loaded', async () => {
    loaded = 5;
    await expect(ask('/v1/models/a')).rejects.toThrow(/hang up|reset/);
    await sleep(0);
    expect(await ask('/v1/models')).toBe('200 the list');
  });
});
