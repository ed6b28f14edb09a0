import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fetchFile } from '../download/fetch';
import { parseReference } from '../references/reference';
import { Hub } from '../testing/hub';
import { resolve } from './resolve';

// Servers and processes of their own start slowly where much else runs.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const commit = 'c0ffee'.padEnd(40, '0');
const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');
const signal = new AbortController().signal;
const gguf = (name: string): Buffer => Buffer.from(`GGUF ${name}`);
const files = (...names: string[]): Record<string, Buffer> =>
  Object.fromEntries(names.map((name) => [name, gguf(name)]));

describe('the Hugging Face hub', () => {
  let hub: Hub;

  beforeEach(async () => {
    hub = await Hub.start();
    vi.stubEnv('HF_ENDPOINT', hub.url);
    vi.stubEnv('HF_TOKEN', undefined);
    hub.repositories.set('org/chat-GGUF', {
      commit,
      branches: { v1: commit },
      tags: ['gguf', 'license:apache-2.0'],
      files: {
        ...files('README.md', 'chat-Q8_0.gguf', 'chat-Q4_K_M.gguf', 'chat-IQ4_XS.gguf', 'chat-Q4_K_S.gguf'),
        ...files('F16/chat-F16-00001-of-00002.gguf', 'F16/chat-F16-00002-of-00002.gguf'),
        ...files('mmproj-chat-Q8_0.gguf', 'mmproj-chat-f16.gguf'),
        'config.json': Buffer.from('{}'),
      },
    });
    hub.repositories.set('org/embed', {
      commit,
      tags: ['license:llama3.1'],
      files: {
        ...files('model.safetensors', 'onnx/model.onnx', 'onnx/model_quantized.onnx', 'onnx/model.onnx_data'),
        'tokenizer.json': Buffer.from('{"version":"1.0"}'),
        'tokenizer_config.json': Buffer.from('{}'),
        'config.json': Buffer.from('{"hidden_size":384}'),
      },
    });
    hub.repositories.set('org/tensors', { commit, files: files('model.safetensors', 'pytorch_model.bin') });
  });
  afterEach(() => {
    hub.stop();
    vi.unstubAllEnvs();
  });

  const at = (reference: string, token?: string) =>
    resolve(parseReference(reference), {
      insecure: true,
      signal,
      ...(token === undefined ? {} : { token }),
    });
  const names = async (reference: string) => (await at(reference)).files.map(({ name }) => name);

  it('gives digests, commit and licence', async () => {
    const model = await at('hf://org/chat-GGUF:Q4_K_M');
    expect(model).toMatchObject({
      name: 'hf.co/org/chat-GGUF:Q4_K_M',
      source: `hf://org/chat-GGUF@${commit}:chat-Q4_K_M.gguf`,
      pinned: true,
      trust: 'first-use',
      hints: { licence: 'Apache-2.0' },
    });
    const [weights] = model.files;
    expect(weights).toMatchObject({
      role: 'weights',
      size: gguf('chat-Q4_K_M.gguf').length,
      sha256: sha256(gguf('chat-Q4_K_M.gguf')),
    });
    expect((await weights?.locate())?.url).toBe(
      `${hub.url}/org/chat-GGUF/resolve/${commit}/chat-Q4_K_M.gguf`,
    );
  });

  it.each([
    ['hf://org/chat-GGUF', ['chat-Q4_K_M.gguf', 'mmproj-chat-f16.gguf']],
    ['hf.co/org/chat-GGUF:iq4_xs', ['chat-IQ4_XS.gguf', 'mmproj-chat-f16.gguf']],
    ['hf://org/chat-GGUF@v1:chat-Q8_0.gguf', ['chat-Q8_0.gguf', 'mmproj-chat-f16.gguf']],
    [
      'hf://org/chat-GGUF:F16',
      ['chat-F16-00001-of-00002.gguf', 'chat-F16-00002-of-00002.gguf', 'mmproj-chat-f16.gguf'],
    ],
    [
      'hf://org/chat-GGUF:F16/chat-F16-00002-of-00002.gguf',
      ['chat-F16-00001-of-00002.gguf', 'chat-F16-00002-of-00002.gguf', 'mmproj-chat-f16.gguf'],
    ],
    [
      'hf://org/embed',
      ['model.onnx', 'model.onnx_data', 'tokenizer.json', 'tokenizer_config.json', 'config.json'],
    ],
    ['hf://org/embed:q8', ['model_quantized.onnx', 'tokenizer.json', 'tokenizer_config.json', 'config.json']],
  ])('takes of %s what belongs together', async (reference, expected) => {
    expect(await names(reference)).toEqual(expected);
  });

  it('knows the digest of what lies in git itself, and finds out when it was altered', async () => {
    const tokenizer = (await at('hf://org/embed')).files.find(({ role }) => role === 'tokenizer');
    expect(tokenizer?.sha256).toBe(sha256(Buffer.from('{"version":"1.0"}')));
    hub.altered = Buffer.from('{"version":"6.6"}');
    await expect(at('hf://org/embed')).rejects.toMatchObject({ code: 'digest-mismatch' });
  });

  it('is pinned by a commit, not by a branch', async () => {
    expect((await at(`hf://org/embed@${commit}`)).trust).toBe('reference');
    expect((await at('hf://org/embed@main')).trust).toBe('first-use');
    await expect(at('hf://org/embed@other')).rejects.toMatchObject({ code: 'model-not-found' });
  });

  it.each([
    ['hf://org/tensors', 'refused-format', /safetensors/],
    ['hf://org/tensors:pytorch_model.bin', 'refused-format', /pickle/],
    ['hf://org/chat-GGUF:Q2_K', 'model-not-found', /no Q2_K/],
    ['hf://org/chat-GGUF:nothing.gguf', 'model-not-found', /no file/],
    ['hf://org/nothing', 'gated', /does not have it/],
  ])('says why %s cannot be had', async (reference, code, message) => {
    await expect(at(reference)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  it('does not take half of a split model', async () => {
    hub.repositories.set('org/half', { commit, files: files('a-Q4_0-00001-of-00003.gguf') });
    await expect(at('hf://org/half')).rejects.toMatchObject({ code: 'incomplete' });
  });

  it('does not guess between two files of one quantisation', async () => {
    hub.repositories.set('org/two', { commit, files: files('a-Q4_0.gguf', 'b-Q4_0.gguf') });
    await expect(at('hf://org/two:Q4_0')).rejects.toMatchObject({ code: 'ambiguous' });
    expect(await names('hf://org/two:b-Q4_0.gguf')).toEqual(['b-Q4_0.gguf']);
  });

  it('sends the token to the hub, for gated models, and to nobody else', async () => {
    const content = randomBytes(3 * 2 ** 20);
    hub.repositories.set('org/gated', { commit, gated: true, files: { 'm-Q4_0.gguf': content } });
    await expect(at('hf://org/gated')).rejects.toMatchObject({ code: 'gated', status: 403 });
    await expect(at('hf://org/gated', 'hf_bad')).rejects.toMatchObject({ code: 'gated' });
    const { files: gated } = await at('hf://org/gated', 'hf_good');
    const folder = mkdtempSync(join(tmpdir(), 'nanite-hub-'));
    try {
      const [file] = gated;
      if (file === undefined) throw new Error('no file');
      const target = { part: join(folder, 'x.part'), state: join(folder, 'x.json') };
      let expired = false;
      const fetched = await fetchFile(file, target, {
        signal,
        chunkBytes: 2 ** 18,
        parallel: 2,
        bytesPerSecond: null,
        onProgress: (done) => {
          // On the way, the signature of the content network's URL runs out.
          if (done > 2 ** 20 && !expired) hub.expire();
          expired = done > 2 ** 20;
        },
        firstRetryDelay: 1,
      });
      expect(fetched).toEqual({ sha256: sha256(content), size: content.length });
      expect(hub.askedOfNetwork.length).toBeGreaterThan(12);
      expect(hub.askedOfNetwork.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
      const resolved = hub.asked.filter(({ path }) => path.includes('/resolve/'));
      // Once at the beginning, and by each of two connections when the URL had expired; never for each range.
      expect(resolved.length).toBeGreaterThanOrEqual(2);
      expect(resolved.length).toBeLessThanOrEqual(3);
      expect(resolved.every(({ authorization }) => authorization === 'Bearer hf_good')).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('takes the token of the environment', async () => {
    hub.repositories.set('org/gated', { commit, gated: true, files: files('m-Q4_0.gguf') });
    vi.stubEnv('HF_TOKEN', 'hf_good');
    expect(await names('hf://org/gated')).toEqual(['m-Q4_0.gguf']);
  });

  it('is not spoken to plainly unless told so', async () => {
    await expect(
      resolve(parseReference('hf://org/embed'), { insecure: false, signal }),
    ).rejects.toMatchObject({ code: 'refused-plain-http' });
  });
});
