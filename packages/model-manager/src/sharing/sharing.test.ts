import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createLog, listenOnPath } from '@nanite/kit';
import type { ImportRequest, ProgressEvent } from '@nanite/contracts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Puller } from '../pull';
import { FakeSources } from '../pull/__fixtures__/tools';
import { KeptList } from '../list/kept-list';
import { answerWith } from '../service/api';
import { Jobs } from '../service/jobs';
import { UnfinishedJobs } from '../service/unfinished';
import { extensions } from '../service/wiring';
import { Store } from '../store';
import { exportModels, scanExport } from './export';
import { groupParts, quantisationIn } from './gguf-parts';
import { place, placeError } from './place';
import { kindOf, scan } from './scan';
import { shareModels } from './share';
import { importInto } from './take-in';

const sha = (text: string) => createHash('sha256').update(text).digest('hex');
const isRoot = process.getuid?.() === 0;
// Programs of their own start slowly where much else runs.
vi.setConfig({ testTimeout: 60_000 });

let folder: string;
let store: Store;
let puller: Puller;
const log = createLog(() => {});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-sharing-'));
  const root = join(folder, 'store');
  store = Store.open({ root, packages: join(folder, 'packages'), quotaBytes: null, reserveBytes: 0, log });
  const settings = { chunkBytes: 65536, parallel: 2, bytesPerSecond: null };
  puller = new Puller(store, new FakeSources().tools, settings);
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

function put(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o644 });
  return path;
}

const asked = { signal: new AbortController().signal, report: () => {}, uid: 0 };
const take = async (path: string, more: Partial<ImportRequest> = {}) =>
  (await importInto(puller, { path, kind: 'auto', models: null, dryRun: false, ...more }, asked)).result as {
    kind: string;
    models: Array<{ name: string; model: string; files: Array<{ name: string; how: string }> }>;
    refused: Array<{ name: string; code: string }>;
  };
const inode = (path: string) => statSync(path).ino;

/** An Ollama store with one model; returns its folder. */
function ollamaStore(weights: string, name = 'library/tiny/1b'): string {
  const root = join(folder, 'ollama');
  const layers = (
    [
      ['model', weights],
      ['template', '{{ .Prompt }}'],
      ['system', 'Be brief.'],
      ['params', '{"temperature":0.5,"stop":["<end>"]}'],
      ['license', 'MIT text'],
    ] as const
  ).map(([kind, text]) => {
    put(join(root, 'blobs', `sha256-${sha(text)}`), text);
    const mediaType = `application/vnd.ollama.image.${kind}`;
    return { mediaType, digest: `sha256:${sha(text)}`, size: Buffer.byteLength(text) };
  });
  put(join(root, 'manifests/registry.ollama.ai', name), JSON.stringify({ schemaVersion: 2, layers }));
  return root;
}

describe('an Ollama store', () => {
  it('is taken over with its texts, and its bytes are there once', async () => {
    const root = ollamaStore('weights of tiny');
    const { kind, models } = await take(root);
    expect(kind).toBe('ollama');
    expect(models[0]).toMatchObject({ name: 'tiny:1b', files: [{ how: 'hardlink' }] });
    const model = store.find('tiny:1b');
    expect(model.manifest).toMatchObject({
      system: 'Be brief.',
      parameters: { temperature: 0.5, stop: ['<end>'] },
      source: 'ollama://registry.ollama.ai/library/tiny:1b',
    });
    expect(model.record).toMatchObject({
      goTemplate: '{{ .Prompt }}',
      licenceText: 'MIT text',
      trust: 'source',
    });
    const original = join(root, 'blobs', `sha256-${sha('weights of tiny')}`);
    expect(inode(store.blobs.path(sha('weights of tiny')))).toBe(inode(original));
    // Again changes nothing; another model of that name is not replaced.
    expect((await take(root)).models[0]?.files[0]?.how).toBe('there');
    ollamaStore('other weights');
    await expect(take(root)).rejects.toMatchObject({ code: 'name-taken' });
  });

  it('one that the gate refuses does not keep the others out, and leaves nothing behind', async () => {
    ollamaStore('BAD weights', 'library/bad/1b');
    const root = ollamaStore('good weights', 'someone/good/1b');
    const { models, refused } = await take(root);
    expect(models.map(({ name }) => name)).toEqual(['someone/good:1b']);
    expect(refused).toMatchObject([{ name: 'bad:1b', code: 'refused-model' }]);
    expect(store.blobs.has(sha('BAD weights'))).toBe(false);
    await expect(take(root, { models: ['bad:1b'] })).rejects.toMatchObject({ code: 'refused-model' });
    await expect(take(root, { models: ['none'] })).rejects.toMatchObject({ code: 'model-not-found' });
  });

  it('whose blob is not what its name says is refused', async () => {
    const root = ollamaStore('weights');
    writeFileSync(join(root, 'blobs', `sha256-${sha('weights')}`), 'WEIGHTS');
    await expect(take(root)).rejects.toMatchObject({ code: 'digest-mismatch' });
    expect(store.list()).toEqual([]);
  });
});

describe.runIf(isRoot)('a file that somebody else can write to', () => {
  it('through a hard link would change a verified blob: it is copied', async () => {
    const path = put(join(folder, 'theirs/theirs.gguf'), 'weights');
    chownSync(path, 1000, 1000);
    // The control: what would happen with a link.
    linkSync(path, join(folder, 'linked'));
    const attack = (text: string) =>
      execFileSync('sh', ['-c', `printf ${text} > ${path}`], { uid: 1000, gid: 1000, cwd: '/' });
    chmodSync(folder, 0o755);
    attack('evil-1');
    expect(readFileSync(join(folder, 'linked'), 'utf8')).toBe('evil-1');

    const { models } = await take(dirname(path));
    expect(models[0]?.files[0]?.how).not.toBe('hardlink');
    attack('evil-2');
    expect(readFileSync(path, 'utf8')).toBe('evil-2');
    expect(readFileSync(store.blobs.path(sha('evil-1')), 'utf8')).toBe('evil-1');
  });

  it('is copied too where only its group or everybody may write', async () => {
    const path = put(join(folder, 'open/open.gguf'), 'weights');
    for (const mode of [0o664, 0o646]) {
      chmodSync(path, mode);
      const { models } = await take(dirname(path));
      expect(models[0]?.files[0]?.how, mode.toString(8)).not.toBe('hardlink');
      store.remove(store.find('open'));
    }
    // The control: the same file, that only root may write.
    chmodSync(path, 0o644);
    expect((await take(dirname(path))).models[0]?.files[0]?.how).toMatch(/hardlink|reflink/);
  });
});

describe('other stores', () => {
  it('Hugging Face: snapshots of links, with the digests that the names of blobs are', async () => {
    const hub = join(folder, 'hub');
    const repository = join(hub, 'models--org--tiny-GGUF');
    const revision = 'c'.repeat(40);
    const snapshot = join(repository, 'snapshots', revision);
    mkdirSync(snapshot, { recursive: true });
    for (const name of ['tiny.Q4_K_M.gguf', 'tiny.Q8_0.gguf']) {
      put(join(repository, 'blobs', sha(name)), name);
      symlinkSync(`../../blobs/${sha(name)}`, join(snapshot, name));
    }
    put(join(repository, 'refs/main'), revision);
    const found = scan(hub, 'auto', null);
    expect(found.kind).toBe('huggingface');
    expect(found.models.map(({ name, source }) => [name, source])).toEqual([
      ['hf.co/org/tiny-GGUF:Q4_K_M', `hf://org/tiny-GGUF@${revision}:tiny.Q4_K_M.gguf`],
      ['hf.co/org/tiny-GGUF:Q8_0', `hf://org/tiny-GGUF@${revision}:tiny.Q8_0.gguf`],
    ]);
    expect(found.models[0]?.files[0]).toMatchObject({ sha256: sha('tiny.Q4_K_M.gguf') });
    const { models } = await take(hub);
    expect(models.map(({ files }) => files[0]?.name)).toEqual(['tiny.Q4_K_M.gguf', 'tiny.Q8_0.gguf']);
    expect(inode(store.blobs.path(sha('tiny.Q8_0.gguf')))).toBe(inode(join(snapshot, 'tiny.Q8_0.gguf')));
  });

  it('parts of a split GGUF are one model; without all parts they are none', () => {
    const part = (n: number) => `/x/big-0000${n}-of-00003.gguf`;
    expect(groupParts([part(3), part(1), part(2), '/x/one.gguf'])).toEqual([
      { stem: 'big', count: 3, paths: [part(1), part(2), part(3)] },
      { stem: 'one', count: 1, paths: ['/x/one.gguf'] },
    ]);
    expect(groupParts([part(1), part(3)])).toEqual([]);
    expect(['a.Q4_K_M', 'b-q8_0-x', 'c-IQ2_XXS', 'd'].map(quantisationIn)).toEqual([
      'Q4_K_M',
      'Q8_0',
      'IQ2_XXS',
      null,
    ]);
  });

  it('LM Studio, llama.cpp and plain folders', () => {
    const studio = join(folder, 'lm-studio/models');
    put(join(studio, 'publisher/Repo-GGUF/Tiny.Q4_0.gguf'), 'a');
    put(join(studio, 'publisher/Repo-GGUF/mmproj-Tiny-F16.gguf'), 'b');
    const [seen] = scan(studio, 'auto', null).models;
    expect(seen?.name).toBe('publisher/repo-gguf:tiny.q4_0');
    expect(seen?.files.map(({ role }) => role)).toEqual(['weights', 'projector']);
    const cache = join(folder, 'llama.cpp');
    put(join(cache, 'org_repo_tiny-q4_0.gguf'), 'a');
    expect(scan(cache, 'auto', null)).toMatchObject({
      kind: 'llama.cpp',
      models: [{ name: 'org_repo_tiny-q4_0' }],
    });
    const plain = join(folder, 'plain');
    put(join(plain, 'bge/onnx/model.onnx'), 'o');
    put(join(plain, 'bge/tokenizer.json'), '{}');
    put(join(plain, 'notes.txt'), 'x');
    expect(scan(plain, 'auto', null).models).toMatchObject([
      { name: 'bge', files: [{ name: 'model.onnx' }, { role: 'tokenizer' }] },
    ]);
    expect(kindOf(plain)).toBe('folder');
    expect(() => scan(join(folder, 'gone'), 'auto', null)).toThrow('there is no folder');
  });
});

describe('sharing', () => {
  const weights = 'weights to share';

  async function aModel() {
    await take(ollamaStore(weights));
    return store.find('tiny:1b');
  }

  it.each(['ollama', 'huggingface', 'lm-studio', 'llama.cpp', 'folder'] as const)(
    'gives %s the same file, which its store’s reader finds',
    async (kind) => {
      const model = await aModel();
      const to = join(folder, `lm-studio-${kind}`);
      const placed = await shareModels([model], to, kind);
      expect(placed.map(({ how }) => how)).toEqual(['hardlink']);
      // What du counts: both stores together are not larger than one.
      const blocks = (...paths: string[]) =>
        Number(
          execFileSync('du', ['-s', '-c', '-B1', ...paths], { encoding: 'utf8' })
            .trim()
            .split('\n')
            .at(-1)
            ?.split('\t')[0],
        );
      expect(inode(placed[0]?.path ?? '')).toBe(inode(store.blobs.path(sha(weights))));
      expect(blocks(store.layout.blobs, to)).toBeLessThan(blocks(store.layout.blobs) + blocks(to));
      const [seen] = scan(to, kind, null).models;
      expect(seen?.files.map(({ path }) => inode(path))).toEqual([inode(store.blobs.path(sha(weights)))]);
      expect((await shareModels([model], to, kind)).map(({ how }) => how)).toEqual(['there']);
      if (kind === 'ollama') {
        expect(seen?.name).toBe('tiny:1b');
        expect(seen?.texts).toMatchObject({ template: '{{ .Prompt }}', system: 'Be brief.' });
      }
    },
  );

  it.runIf(isRoot)('gives a person a symbolic link, who can change nothing through it', async () => {
    const model = await aModel();
    chmodSync(folder, 0o755);
    const to = join(folder, 'hers');
    mkdirSync(to);
    chownSync(to, 1000, 1000);
    const script =
      "import('node:fs').then((fs) => { try { fs.linkSync(process.argv[1], process.argv[2]); console.log('linked'); } catch (e) { console.log(e.code); } })";
    const link = execFileSync(
      process.execPath,
      ['-e', script, join(model.path, model.manifest.files[0]?.path ?? ''), join(to, 'x')],
      { uid: 1000, gid: 1000, cwd: '/', encoding: 'utf8' },
    );
    // Where the kernel protects hard links; a link of hers would be as harmless, for the mode is the store's.
    expect(['EPERM\n', 'linked\n']).toContain(link);
    const write = spawnSync('sh', ['-c', `echo evil >> ${store.blobs.path(sha(weights))}`], {
      ...{ uid: 1000, gid: 1000, cwd: '/', encoding: 'utf8' as const },
    });
    expect(write.status).not.toBe(0);
    expect(readFileSync(store.blobs.path(sha(weights)), 'utf8')).toBe(weights);
  });

  it('refuses what is damaged, and says what cannot be written', async () => {
    const model = await aModel();
    const damaged = { ...model, missing: ['x'] };
    await expect(shareModels([damaged], folder, 'folder')).rejects.toMatchObject({
      code: 'model-incomplete',
    });
    const file = put(join(folder, 'file'), '');
    expect(() => place(file, '/proc/self/nanite', true)).toThrow();
    const codeOf = (code: string) =>
      (placeError(Object.assign(new Error(code), { code }), '/x') as { code: string }).code;
    expect(['EACCES', 'EROFS', 'ENOSPC', 'EFBIG'].map(codeOf)).toEqual([
      'unwritable',
      'unwritable',
      'no-space',
      'too-large-for-filesystem',
    ]);
  });

  it('exports copies with sums that sha256sum reads, and imports them elsewhere', async () => {
    const model = await aModel();
    const stick = join(folder, 'stick');
    await expect(exportModels([model], stick)).rejects.toMatchObject({ code: 'no-folder' });
    mkdirSync(stick);
    const [placed] = await exportModels([model], stick);
    expect(placed?.how).toMatch(/copy|reflink/);
    execFileSync('sha256sum', ['-c', '--quiet', 'SHA256SUMS'], { cwd: stick });
    store.remove(model);
    expect((await take(stick)).models).toMatchObject([{ name: 'tiny:1b' }]);
    const again = store.find('tiny:1b');
    expect(again.manifest).toMatchObject({ ...model.manifest, modifiedAt: expect.any(String) });
    expect(again.record).toMatchObject({ goTemplate: '{{ .Prompt }}', licenceText: 'MIT text' });

    store.remove(again);
    const weightsFile = placed?.path ?? '';
    writeFileSync(weightsFile, weights.replace('share', 'SHARE'));
    await expect(take(stick)).rejects.toMatchObject({ code: 'digest-mismatch' });
    writeFileSync(weightsFile, weights);
    const manifest = join(stick, model.manifest.id, 'manifest.json');
    const text = readFileSync(manifest, 'utf8');
    writeFileSync(manifest, text.replace('"files"', '"files" '));
    expect(() => scanExport(stick)).toThrow('SHA256SUMS');
    // One that was made so on purpose, sums and all.
    const evil = text.replace(`"path": "${model.manifest.files[0]?.path}"`, '"path": "../../../etc/passwd"');
    expect(evil).not.toBe(text);
    writeFileSync(manifest, evil);
    const sums = join(stick, 'SHA256SUMS');
    writeFileSync(sums, readFileSync(sums, 'utf8').replace(sha(text), sha(evil)));
    expect(() => scanExport(stick)).toThrow('outside its folder');
  });

  it('leaves nothing of an export that failed, and all that was there before', async () => {
    const model = await aModel();
    const stick = join(folder, 'stick');
    const at = join(stick, model.manifest.id);
    put(join(at, 'holiday.jpg'), 'not ours');
    const spoiled = { ...model.manifest.files[0]!, path: 'second.gguf', sha256: sha('something else') };
    put(join(model.path, spoiled.path), weights);
    const damaged = {
      ...model,
      manifest: { ...model.manifest, files: [...model.manifest.files, spoiled] },
    };
    await expect(exportModels([damaged], stick)).rejects.toMatchObject({ code: 'digest-mismatch' });
    expect(readdirSync(stick, { recursive: true })).toEqual([
      model.manifest.id,
      join(model.manifest.id, 'holiday.jpg'),
    ]);
    rmSync(join(at, 'holiday.jpg'));
    await expect(exportModels([damaged], stick)).rejects.toMatchObject({ code: 'digest-mismatch' });
    expect(readdirSync(stick)).toEqual([]);
    // The same without the damage stays: nothing else was in the way.
    await exportModels([model], stick);
    expect(readdirSync(stick).sort()).toEqual(['SHA256SUMS', model.manifest.id]);
  });

  it('goes on with an export that was killed, and keeps no half-written file', async () => {
    const model = await aModel();
    const stick = join(folder, 'stick');
    const at = join(stick, model.manifest.id);
    const [file] = model.manifest.files;
    put(join(at, file!.path), weights);
    put(join(at, '.nanite-0123456789ab'), 'half of it');
    const [placed] = await exportModels([model], stick);
    expect(placed).toMatchObject({ how: 'there' });
    expect(readdirSync(at).filter((name) => name.startsWith('.'))).toEqual([]);
    execFileSync('sha256sum', ['-c', '--quiet', 'SHA256SUMS'], { cwd: stick });
  });
});

describe('the program that works as the person', () => {
  let server: Server;
  let jobs: Jobs;

  beforeEach(async () => {
    jobs = new Jobs(log);
    const authority = { allowChange: async () => {}, maySpeakForOthers: async () => true };
    const kept = new KeptList(store.layout.list, () => ({ hash: '', settled: false }));
    const answer = answerWith({
      ...{ store, puller, jobs, authority, log, kept },
      extensions: extensions(log),
      waitOnMetered: false,
      isMetered: async () => false,
      unfinished: new UnfinishedJobs(store.layout.jobs, log),
    });
    server = createServer(answer);
    await listenOnPath(server, join(folder, 'models.sock'), 0o666);
  });
  afterEach(async () => {
    await jobs.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  async function run(request: unknown): Promise<ProgressEvent[]> {
    const { spawn } = await import('node:child_process');
    const program = join(import.meta.dirname, 'program.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', program, JSON.stringify(request)], {
      env: { ...process.env, NANITE_RUNTIME_DIR: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    for await (const piece of child.stdout.setEncoding('utf8')) text += String(piece);
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as ProgressEvent);
  }

  it('hands over what only the person may read, and writes where only the person may', async () => {
    const root = ollamaStore('private weights');
    chmodSync(root, 0o700);
    const all = { path: root, kind: 'auto', models: null, dryRun: false };
    const listed = await run({ import: { ...all, dryRun: true } });
    expect(listed.at(-1)).toMatchObject({
      status: 'success',
      result: { models: [{ name: 'tiny:1b', sizeBytes: 15 }] },
    });
    expect(store.list()).toEqual([]);
    const taken = await run({ import: all });
    expect(taken.at(-1)).toMatchObject({
      status: 'success',
      result: { models: [{ name: 'tiny:1b' }], refused: [] },
    });
    expect(store.find('tiny:1b').manifest.system).toBe('Be brief.');
    expect(inode(store.blobs.path(sha('private weights')))).not.toBe(
      inode(join(root, 'blobs', `sha256-${sha('private weights')}`)),
    );
    const to = join(folder, 'out');
    mkdirSync(to);
    const exported = await run({ export: { models: ['tiny:1b'], path: to, kind: 'export' } });
    expect(exported.at(-1)?.status).toBe('success');
    expect(existsSync(join(to, 'SHA256SUMS'))).toBe(true);
    const failed = await run({ export: { models: ['gone'], path: to, kind: 'export' } });
    expect(failed.at(-1)).toMatchObject({ code: 'model-not-found', httpStatus: 404 });
  });
});
