import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CatalogueFamily } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseReference } from '../references/reference';
import { FaultServer } from '../testing/fault-server';
import { resolveCatalogue } from './catalogue';
import { resolve } from './resolve';

const content = Buffer.from('GGUF and more');
const digest = createHash('sha256').update(content).digest('hex');
const signal = new AbortController().signal;
const insecure = { insecure: true, signal };

let folder: string;
let server: FaultServer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-resolve-'));
  server = await FaultServer.start(content);
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await server.stop();
});

describe('an URL', () => {
  it('is trusted on first use, or pinned by its digest', async () => {
    const url = `${server.url}/x/Some-Model-Q4_0.gguf`;
    expect(await resolve(parseReference(url), insecure)).toMatchObject({
      name: 'some-model-q4_0:latest',
      pinned: false,
      trust: 'first-use',
      files: [{ role: 'weights', name: 'Some-Model-Q4_0.gguf', size: content.length, sha256: null }],
    });
    expect(await resolve(parseReference(`${url}#sha256=${digest}`), insecure)).toMatchObject({
      source: `${url}#sha256=${digest}`,
      pinned: true,
      trust: 'reference',
      files: [{ sha256: digest }],
    });
  });

  it('is not taken where it is not a model', async () => {
    await expect(resolve(parseReference(`${server.url}/m.safetensors`), insecure)).rejects.toMatchObject({
      code: 'refused-format',
    });
    server.faults = { answer: () => ({ status: 200, headers: { 'content-type': 'text/html' } }) };
    await expect(resolve(parseReference(`${server.url}/m.gguf`), insecure)).rejects.toMatchObject({
      code: 'refused-format',
      message: expect.stringContaining('web page') as string,
    });
    server.faults = { answer: () => ({ status: 404 }) };
    await expect(resolve(parseReference(`${server.url}/m.gguf`), insecure)).rejects.toMatchObject({
      code: 'model-not-found',
    });
  });

  it('is taken from a server that has no HEAD', async () => {
    server.faults = { answer: () => ({ status: 405 }) };
    const { files } = await resolve(parseReference(`${server.url}/m.gguf`), insecure);
    expect(files).toMatchObject([{ size: null, sha256: null }]);
  });
});

describe('a path', () => {
  const put = (name: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const at = (path: string) => resolve(parseReference(path), { insecure: false, signal });

  it('is a file', async () => {
    const path = put('m.gguf');
    expect(await at(path)).toMatchObject({
      name: 'm:latest',
      pinned: false,
      files: [{ role: 'weights', path, size: content.length }],
    });
  });

  it('brings the other shards of a split file', async () => {
    const first = put('m-00001-of-00002.gguf');
    put('m-00002-of-00002.gguf');
    put('other.gguf');
    const { name, files } = await at(first);
    expect(name).toBe('m:latest');
    expect(files.map((file) => file.name)).toEqual(['m-00001-of-00002.gguf', 'm-00002-of-00002.gguf']);
  });

  it('is a folder', async () => {
    for (const name of ['model.onnx', 'tokenizer.json', 'config.json', 'notes.txt']) put(name);
    const { files } = await at(folder);
    expect(files.map(({ role }) => role)).toEqual(['config', 'weights', 'tokenizer']);
  });

  it('is a folder that was exported, held to its digests and to itself', async () => {
    put('m.gguf');
    const manifest = {
      schema: 1,
      id: 'm',
      name: 'm:1b',
      description: 'A model',
      format: 'gguf',
      family: 'llama',
      parameterSize: '1B',
      quantisation: 'Q4_0',
      capabilities: ['completion'],
      contextLength: 2048,
      licence: 'MIT',
      files: [{ role: 'weights', path: 'm.gguf', sha256: digest, size: content.length }],
      source: 'https://example.org/m.gguf',
      modifiedAt: '2026-01-01T00:00:00Z',
    };
    const write = (path: string): void =>
      writeFileSync(
        join(folder, 'manifest.json'),
        JSON.stringify({ ...manifest, files: [{ ...manifest.files[0], path }] }),
      );
    write('m.gguf');
    expect(await at(folder)).toMatchObject({
      name: 'm:1b',
      pinned: true,
      trust: 'source',
      source: manifest.source,
      files: [{ sha256: digest }],
    });
    mkdirSync(join(folder, 'inner'));
    write('../../etc/passwd');
    await expect(at(folder)).rejects.toMatchObject({ code: 'bad-manifest' });
  });

  it('says what is missing', async () => {
    await expect(at(join(folder, 'nothing'))).rejects.toMatchObject({ code: 'not-found' });
    await expect(at(folder)).rejects.toMatchObject({ code: 'no-weights' });
    put('pytorch_model.bin');
    await expect(at(folder)).rejects.toMatchObject({ code: 'refused-format' });
    await expect(at(join(folder, 'pytorch_model.bin'))).rejects.toMatchObject({ code: 'refused-format' });
  });
});

describe('a name of the catalogue', () => {
  const family = (sources: string[], sha256: string | null): CatalogueFamily =>
    CatalogueFamily.parse({
      schema: 1,
      family: 'Test',
      publisher: 'Tester',
      models: [
        {
          name: 'tiny:1b',
          aliases: ['tiny:latest'],
          description: 'A tiny model',
          kind: 'chat',
          goodFor: ['tests'],
          licence: 'MIT',
          licenceUrl: 'https://example.org/licence',
          gated: false,
          homepage: 'https://example.org/',
          capabilities: ['completion'],
          parameters: null,
          parameterSize: null,
          contextLength: 2048,
          embeddingLength: null,
          template: null,
          architecture: null,
          variants: [
            {
              tag: '1b-q4_0',
              quantisation: 'Q4_0',
              format: 'gguf',
              sources,
              trust: sha256 === null ? 'first-use' : 'pinned',
              files: [
                {
                  role: 'weights',
                  name: 'm.gguf',
                  size: content.length,
                  sha256,
                  digestFrom: sha256 === null ? null : 'https://example.org/',
                },
              ],
              memory: null,
            },
          ],
        },
      ],
    });
  const by = (sources: string[], sha256: string | null = digest) =>
    resolve(parseReference('tiny'), { ...insecure, catalogue: [family(sources, sha256)] });

  it('is pinned by the catalogue where its source names no digest', async () => {
    expect(await by([`${server.url}/m.gguf`])).toMatchObject({
      name: 'tiny:1b',
      pinned: true,
      trust: 'reference',
      files: [{ sha256: digest }],
      hints: { licence: 'MIT', description: 'A tiny model', contextLength: 2048 },
    });
    expect(await by([`${server.url}/m.gguf`], null)).toMatchObject({ pinned: false, trust: 'first-use' });
  });

  it('comes from the next source when the first does not have it', async () => {
    server.faults = { answer: ({ path }) => (path === '/gone/m.gguf' ? { status: 404 } : null) };
    const found = await by([`${server.url}/gone/m.gguf`, `${server.url}/m.gguf`]);
    expect(found.source).toBe(`${server.url}/m.gguf`);
    await expect(by([`${server.url}/gone/m.gguf`])).rejects.toMatchObject({ code: 'model-not-found' });
  });

  it('is refused when a source has another digest than the catalogue', async () => {
    const other = `${server.url}/m.gguf#sha256=${'1'.repeat(64)}`;
    await expect(by([other, `${server.url}/m.gguf`])).rejects.toMatchObject({ code: 'digest-mismatch' });
  });

  it('names the package where it comes as one', async () => {
    await expect(by(['deb:nanite-model-tiny'])).rejects.toMatchObject({
      code: 'in-a-package',
      hint: 'apt install nanite-model-tiny',
    });
  });

  it('says where files lie that nothing fetches yet', async () => {
    await expect(by(['pypi:tiny-models@1.0.0'])).rejects.toMatchObject({ code: 'not-fetched-yet' });
  });

  describe('with a tag that the catalogue does not have', () => {
    const said: string[] = [];
    const unlisted = async (name: string, answer: () => Promise<never>) => {
      said.length = 0;
      const asked: string[] = [];
      const reference = parseReference(name);
      if (reference.kind !== 'catalogue') throw new Error(`${name} is of another kind`);
      const found = resolveCatalogue(
        reference,
        [family([`${server.url}/m.gguf`], digest)],
        (source) => {
          asked.push(source.kind === 'oci' ? `${source.repository}:${source.tag}` : source.kind);
          return answer();
        },
        (status) => said.push(status),
      );
      const error = await found.then(
        () => null,
        (thrown: unknown) => thrown,
      );
      return { asked, error };
    };
    const absent = () =>
      Promise.reject(new NaniteError('model-not-found', 'registry.ollama.ai/library/tiny has no 3b'));
    const offline = () =>
      Promise.reject(
        new NaniteError('source-unreachable', 'cannot reach registry.ollama.ai', {
          hint: 'check the network',
        }),
      );

    it('says what a size without its unit means, without asking the network', async () => {
      const { asked, error } = await unlisted('tiny:1', offline);
      expect(error).toMatchObject({
        code: 'model-not-found',
        message: 'there is no model tiny:1',
        hint: 'did you mean tiny:1b?',
      });
      expect({ asked, said }).toEqual({ asked: [], said: [] });
    });

    it('says that it asks the network, and what there is where that does not help', async () => {
      const { asked, error } = await unlisted('tiny:3b', absent);
      expect(asked).toEqual(['library/tiny:3b']);
      expect(said).toEqual(['tiny:3b is not in the catalogue, asking registry.ollama.ai']);
      expect(error).toMatchObject({
        code: 'model-not-found',
        message: 'tiny:3b is not in the catalogue; registry.ollama.ai/library/tiny has no 3b',
        hint: 'the catalogue has tiny:1b',
      });
      expect((await unlisted('tiny:3b', offline)).error).toMatchObject({
        code: 'source-unreachable',
        message: 'tiny:3b is not in the catalogue; cannot reach registry.ollama.ai',
        hint: 'the catalogue has tiny:1b\ncheck the network',
      });
    });

    it('names what a misspelt name may mean', async () => {
      expect((await unlisted('tinny:1b', absent)).error).toMatchObject({ hint: 'the catalogue has tiny:1b' });
      expect((await unlisted('other', absent)).error).toMatchObject({ hint: null });
    });
  });
});
