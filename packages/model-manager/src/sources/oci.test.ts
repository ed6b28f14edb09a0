import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { fetchFile } from '../download/fetch';
import { parseReference } from '../references/reference';
import { FaultServer } from '../testing/fault-server';
import { Registry, registryPassword, type PushedLayer } from '../testing/registry';
import { resolve } from './resolve';

// Servers and processes of their own start slowly where much else runs.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const weights = randomBytes(5 * 2 ** 20 + 3);
const projector = randomBytes(1000);
const ollama = 'application/vnd.ollama.image.';
const layers: PushedLayer[] = [
  { mediaType: `${ollama}model`, content: weights },
  { mediaType: `${ollama}projector`, content: projector },
  { mediaType: `${ollama}template`, content: '{{ .Prompt }}' },
  { mediaType: `${ollama}system`, content: 'Be brief.' },
  { mediaType: `${ollama}params`, content: '{"temperature":0.5,"stop":["</s>"]}' },
  { mediaType: `${ollama}license`, content: 'Licence one' },
  { mediaType: `${ollama}license`, content: 'Licence two' },
  { mediaType: `${ollama}messages`, content: '[{"role":"user","content":"Hi"}]' },
];
const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');
const signal = new AbortController().signal;
const insecure = { insecure: true, signal };

describe.each([{ auth: false }, { auth: true }])('a registry, token authentication: $auth', ({ auth }) => {
  let registry: Registry;
  let digest: string;

  beforeAll(async () => {
    registry = await Registry.start({ auth });
    digest = await registry.push('library/tiny', '1b', layers);
  });
  afterAll(() => registry.stop());

  it('resolves what Ollama pushes', async () => {
    const model = await resolve(parseReference(`${registry.host}/library/tiny:1b`), insecure);
    expect(model).toMatchObject({
      name: `${registry.host}/library/tiny:1b`,
      source: `ollama://${registry.host}/library/tiny:1b@sha256:${digest}`,
      pinned: true,
      // Over plain HTTP, whoever is on the way could have named these digests.
      trust: 'first-use',
      hints: {
        template: '{{ .Prompt }}',
        system: 'Be brief.',
        parameters: { temperature: 0.5, stop: ['</s>'] },
        licenceText: 'Licence one\n\nLicence two',
        messages: [{ role: 'user', content: 'Hi' }],
      },
    });
    expect(
      model.files.map(({ role, name, size, sha256: hex }) => ({ role, name, size, sha256: hex })),
    ).toEqual([
      { role: 'weights', name: 'model.gguf', size: weights.length, sha256: sha256(weights) },
      { role: 'projector', name: 'projector.gguf', size: projector.length, sha256: sha256(projector) },
    ]);
    expect(registry.tokens > 0).toBe(auth);
  });

  it('fetches its layers in ranges', async () => {
    const model = await resolve(parseReference(`http://${registry.host}/library/tiny:1b`), insecure);
    const folder = mkdtempSync(join(tmpdir(), 'nanite-oci-'));
    const target = { part: join(folder, 'x.part'), state: join(folder, 'x.json') };
    try {
      const [file] = model.files;
      if (file === undefined) throw new Error('no file');
      const fetched = await fetchFile(file, target, {
        signal,
        chunkBytes: 2 ** 20,
        parallel: 3,
        bytesPerSecond: null,
        onProgress: () => undefined,
      });
      expect(fetched).toEqual({ sha256: sha256(weights), size: weights.length });
      expect(readFileSync(target.part).equals(weights)).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('takes a manifest by its digest, and no other', async () => {
    const by = (hex: string) =>
      resolve(parseReference(`${registry.host}/library/tiny@sha256:${hex}`), insecure);
    expect(await by(digest)).toMatchObject({ trust: 'reference' });
    await expect(by('0'.repeat(64))).rejects.toMatchObject({ code: 'model-not-found', status: 404 });
  });

  it('says what is not there', async () => {
    await expect(resolve(parseReference(`${registry.host}/library/tiny:2b`), insecure)).rejects.toMatchObject(
      { code: 'model-not-found' },
    );
  });

  it('refuses plain HTTP and private addresses unless told otherwise', async () => {
    for (const reference of [
      `${registry.host}/library/tiny:1b`,
      `localhost:${registry.port}/library/tiny:1b`,
    ]) {
      await expect(resolve(parseReference(reference), { insecure: false, signal })).rejects.toMatchObject({
        code: 'refused-address',
        status: 403,
      });
    }
    await expect(
      resolve(parseReference(`http://${registry.host}/library/tiny:1b`), { insecure: false, signal }),
    ).rejects.toMatchObject({ code: 'refused-plain-http', status: 403 });
  });
});

describe('other artifacts of a registry', () => {
  let registry: Registry;

  beforeAll(async () => {
    registry = await Registry.start({ auth: true });
  });
  afterAll(() => registry.stop());

  const from = (name: string) => resolve(parseReference(`oci://${registry.host}/${name}`), insecure);

  it('takes files by the names that ORAS gives them', async () => {
    await registry.push('team/onnx', 'v1', [
      {
        mediaType: 'application/octet-stream',
        content: weights,
        annotations: { 'org.opencontainers.image.title': 'onnx/model.onnx' },
      },
      {
        mediaType: 'application/octet-stream',
        content: '{}',
        annotations: { 'org.opencontainers.image.title': 'tokenizer.json' },
      },
    ]);
    const { files } = await from('team/onnx:v1');
    expect(files.map(({ role, name }) => [role, name])).toEqual([
      ['weights', 'model.onnx'],
      ['tokenizer', 'tokenizer.json'],
    ]);
  });

  it('takes what Docker Model Runner pushes, by way of an index', async () => {
    const digest = await registry.push('ai/model', 'inner', [
      { mediaType: 'application/vnd.docker.ai.gguf.v3', content: weights },
      { mediaType: 'application/vnd.docker.ai.license', content: 'MIT' },
    ]);
    const mediaType = 'application/vnd.docker.distribution.manifest.list.v2+json';
    const inner = await registry.manifest('ai/model', digest);
    await registry.pushManifest(
      'ai/model',
      'latest',
      {
        schemaVersion: 2,
        mediaType,
        manifests: [
          {
            mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
            digest: `sha256:${digest}`,
            size: inner.length,
            platform: { os: 'linux', architecture: 'amd64' },
          },
        ],
      },
      mediaType,
    );
    const model = await from('ai/model');
    expect(model.files.map(({ name }) => name)).toEqual(['model.gguf']);
    expect(model.hints.licenceText).toBe('MIT');
  });

  it('says why it refuses safetensors, and an image that is not a model', async () => {
    await registry.push('team/tensors', 'v1', [
      {
        mediaType: 'application/octet-stream',
        content: 'x',
        annotations: { 'org.opencontainers.image.title': 'model.safetensors' },
      },
    ]);
    await registry.push('team/image', 'v1', [
      { mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', content: 'x' },
    ]);
    await expect(from('team/tensors:v1')).rejects.toMatchObject({
      code: 'refused-format',
      message: expect.stringContaining('safetensors') as string,
    });
    await expect(from('team/image:v1')).rejects.toMatchObject({ code: 'no-weights' });
  });

  it('says so when the registry gives no token for it', async () => {
    await registry.push('private/tiny', '1b', layers);
    await expect(from('private/tiny:1b')).rejects.toMatchObject({
      code: 'source-refused',
      message: expect.stringContaining('401') as string,
    });
  });
});

describe('a registry that lies', () => {
  const manifest = (layer: Buffer) =>
    JSON.stringify({
      schemaVersion: 2,
      layers: [
        { mediaType: `${ollama}model`, digest: `sha256:${'1'.repeat(64)}`, size: 10 },
        { mediaType: `${ollama}template`, digest: `sha256:${sha256(layer)}`, size: 8 },
      ],
    });

  it.each([
    ['a blob that is not its digest', 'other text', 'digest-mismatch'],
    ['what it promised', 'template', null],
  ])('is found out: %s', async (_, body, code) => {
    const server = await FaultServer.start(Buffer.alloc(0));
    try {
      server.faults = {
        answer: ({ path }) =>
          path.includes('/manifests/')
            ? { status: 200, body: manifest(Buffer.from('template')) }
            : { status: 200, body },
      };
      const asked = resolve(parseReference(`http://127.0.0.1:${server.port}/a/b:c`), insecure);
      if (code === null) await expect(asked).resolves.toMatchObject({ hints: { template: body } });
      else await expect(asked).rejects.toMatchObject({ code });
    } finally {
      await server.stop();
    }
  });

  it('is held to a manifest within limits, and to one that can be read', async () => {
    const server = await FaultServer.start(Buffer.alloc(0));
    try {
      const reference = parseReference(`http://127.0.0.1:${server.port}/a/b:c`);
      server.faults = { answer: () => ({ status: 200, body: 'x'.repeat(5 * 2 ** 20) }) };
      await expect(resolve(reference, insecure)).rejects.toMatchObject({ code: 'too-large' });
      server.faults = { answer: () => ({ status: 200, body: '{"schemaVersion":1}' }) };
      await expect(resolve(reference, insecure)).rejects.toMatchObject({ code: 'bad-manifest' });
      server.faults = { answer: () => ({ status: 200, body: '<html>' }) };
      await expect(resolve(reference, insecure)).rejects.toMatchObject({ code: 'bad-manifest' });
    } finally {
      await server.stop();
    }
  });
});

describe('a registry that asks who we are', () => {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  let registry: Registry;
  let folder: string;
  const from = () => resolve(parseReference(`oci://${registry.host}/private/tiny:1b`), insecure);
  const tell = (password: string, mode = 0o600) => {
    const file = join(folder, 'registry-auth.json');
    rmSync(file, { force: true });
    const text = JSON.stringify({ auths: { [registry.host]: { auth: base64(password) } } });
    writeFileSync(file, text, { mode });
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nanite-auth-'));
    vi.stubEnv('NANITE_ETC_DIR', folder);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
    await registry.stop();
  });

  it.each([
    ['for a password', { password: registryPassword }],
    ['for a token, which is given for a password', { auth: true }],
  ])('%s gives its models to whom the administrator has named, and to nobody else', async (_, options) => {
    registry = await Registry.start(options);
    await registry.push('private/tiny', '1b', layers);
    await expect(from()).rejects.toMatchObject({
      code: 'source-refused',
      hint: expect.stringContaining('public'),
    });
    tell('ada:wrong');
    await expect(from()).rejects.toMatchObject({ code: 'source-refused' });
    tell(registryPassword);
    const { files } = await from();
    const { url, headers } = await files[0]!.locate!();
    const answer = await fetch(url, { headers });
    expect(answer.status).toBe(200);
  });

  it('is told nothing from a file that everybody may read, or that is no such file', async () => {
    registry = await Registry.start({ password: registryPassword });
    await registry.push('private/tiny', '1b', layers);
    tell(registryPassword, 0o644);
    await expect(from()).rejects.toMatchObject({
      code: 'bad-credentials',
      hint: expect.stringContaining('chmod'),
    });
    rmSync(join(folder, 'registry-auth.json'));
    writeFileSync(join(folder, 'registry-auth.json'), '{', { mode: 0o600 });
    await expect(from()).rejects.toMatchObject({ code: 'bad-credentials' });
  });
});
