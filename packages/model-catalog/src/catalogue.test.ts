import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CatalogueFamily, findInCatalogue } from '@nanite/contracts';
import { ggufHeader } from '@nanite/gguf';
import { afterAll, describe, expect, it } from 'vitest';
import { withEntry } from './entry';
import { readFamilies, withEstimates } from './files';
import { estimateMemory } from './memory';
import { parametersByShape } from './shape';
import { factsOfFile, factsOfHub } from './sources';

const families = readFamilies().map(({ family }) => family);
const models = families.flatMap((family) => family.models);
const variants = models.flatMap((model) => model.variants.map((variant) => ({ model, variant })));

/** The SPDX identifiers used; another has to be looked up before it is added here. */
const spdx = ['Apache-2.0', 'MIT', 'CC0-1.0', 'BSD-3-Clause'];

const header = {
  'general.architecture': 'llama',
  'general.name': 'Tiny',
  'general.license': 'mit',
  'llama.block_count': 2,
  'llama.attention.head_count': 4,
  'llama.attention.head_count_kv': 2,
  'llama.embedding_length': 64,
  'llama.context_length': 128,
};

const folder = mkdtempSync(join(tmpdir(), 'nanite-catalogue-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the catalogue', () => {
  it('gives no name to two models', () => {
    const names = models.flatMap((model) => [model.name, ...model.aliases]);
    const tags = variants.map(({ model, variant }) => `${model.name.split(':')[0]}:${variant.tag}`);
    const all = [...new Set(names), ...tags.filter((tag) => !names.includes(tag))];
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
    expect(tags.filter((tag, i) => tags.indexOf(tag) !== i)).toEqual([]);
    expect(all.length).toBeGreaterThan(100);
  });

  it('finds a model by name, alias, and exact tag, as people write them', () => {
    expect(findInCatalogue(families, 'llama3.1', null)?.model.name).toBe('llama3.1:8b');
    expect(findInCatalogue(families, 'Llama3.1', '8B')?.variant.quantisation).toBe('Q4_K_M');
    expect(findInCatalogue(families, 'llama3.1', '8b-instruct-q8_0')?.variant.quantisation).toBe('Q8_0');
    expect(findInCatalogue(families, 'llama3.1', '9b')).toBeNull();
    for (const { model, variant } of variants) {
      const [name = '', tag = ''] = [model.name.split(':')[0], variant.tag];
      expect(findInCatalogue(families, name, tag)?.model.name, `${name}:${tag}`).toBe(model.name);
    }
  });

  it('has each family that was promised', () => {
    const names = models.map(({ name }) => name.split(':')[0]);
    const promised =
      'llama3.1 llama3.2 llama3.3 mistral phi3 phi3.5 deepseek-r1 deepseek-coder qwen2.5 qwen3 gemma2 gemma3 smollm2 ' +
      'qwen2.5-coder codellama starcoder2 nomic-embed-text bge-m3 bge-reranker-v2-m3 whisper kokoro sdxl sd-turbo ' +
      'silero-vad pp-ocrv5 real-esrgan';
    expect(promised.split(' ').filter((name) => !names.includes(name))).toEqual([]);
  });

  it('has no digest without a size and without who says so, and calls pinned only what is', () => {
    for (const { variant } of variants) {
      for (const file of variant.files) {
        if (file.sha256 === null) expect(file.digestFrom, variant.tag).toBeNull();
        else {
          expect(file.size, variant.tag).toBeGreaterThan(0);
          expect(file.digestFrom, variant.tag).toBeTruthy();
        }
      }
      const isPinned = variant.files.length > 0 && variant.files.every(({ sha256 }) => sha256 !== null);
      expect(variant.trust, variant.tag).toBe(isPinned ? 'pinned' : 'first-use');
      // Two sources of one pinned variant have to serve the same bytes: a package of ours and an address that names them.
      const others = variant.sources.filter((source) => !source.startsWith('deb:'));
      if (isPinned && others.length !== variant.sources.length) {
        for (const source of others) expect(source).toContain(`#sha256=${variant.files[0]?.sha256}`);
      } else if (isPinned) expect(variant.sources, variant.tag).toHaveLength(1);
    }
    const digests = variants.flatMap(({ variant }) => variant.files.flatMap(({ sha256 }) => sha256 ?? []));
    expect(new Set(digests).size).toBe(digests.length);
    expect(digests.length).toBeGreaterThan(20);
  });

  it('names a licence by SPDX or by LicenseRef', () => {
    for (const { name, licence } of models) {
      expect(licence.startsWith('LicenseRef-') || spdx.includes(licence), `${name}: ${licence}`).toBe(true);
    }
  });

  it('holds the estimates that the formula gives', () => {
    for (const family of families) expect(withEstimates(family)).toEqual(family);
    expect(variants.filter(({ variant }) => variant.memory !== null).length).toBeGreaterThan(50);
  });

  it('has shapes whose parameters add up to what the publishers state', () => {
    const off = models.filter(({ shapeChecked }) => shapeChecked === false).map(({ name }) => name);
    // These two also have a part for pictures, which the shape of the text part does not say.
    expect(off).toEqual(['gemma3:4b', 'gemma3:12b']);
    expect(models.filter(({ shapeChecked }) => shapeChecked).length).toBeGreaterThan(45);
    const [model] = models.filter(({ name }) => name === 'llama3.1:8b');
    const another = { ...model!.architecture!, layers: 33 };
    expect(parametersByShape({ ...model!, architecture: another })).not.toBe(model!.parameters);
  });

  it('says of which sources nobody could be asked', () => {
    for (const { variant } of variants) {
      const known = variant.trust === 'pinned' || variant.sources[0]?.startsWith('deb:');
      if (known) expect(variant.sourceSeen, variant.tag).toBe(true);
    }
    const seen = variants.filter(({ variant }) => variant.sourceSeen).length;
    expect(seen).toBeGreaterThan(60);
    expect(seen).toBeLessThan(variants.length);
  });

  it('estimates sizes close to those that are known', () => {
    let compared = 0;
    for (const { model, variant } of variants) {
      const [file] = variant.files;
      // Below two billion parameters the embedding table, kept in more bits, weighs too much for the formula.
      if (!file?.size || (model.parameters ?? 0) < 2e9 || model.capabilities.includes('vision')) continue;
      const guess = estimateMemory(model, { ...variant, files: [] });
      if (guess === null) continue;
      compared += 1;
      const off = guess.weightsBytes / file.size;
      expect(off, `${model.name} ${variant.quantisation}`).toBeGreaterThan(0.85);
      expect(off, `${model.name} ${variant.quantisation}`).toBeLessThan(1.1);
    }
    expect(compared).toBeGreaterThan(8);
  });
});

describe('adding an entry', () => {
  const family: CatalogueFamily = {
    schema: 1,
    family: 'Test',
    publisher: 'Nobody',
    models: [],
  };
  const said = {
    name: 'tiny:1m',
    tag: '1m-q8_0',
    quantisation: 'Q8_0',
    format: 'gguf' as const,
    goodFor: ['tests'],
    licence: 'MIT',
    licenceUrl: 'https://opensource.org/license/mit',
    homepage: 'https://example.org/tiny',
    source: 'https://example.org/tiny.gguf',
  };

  it('takes size, digest and shape from a file', async () => {
    const path = join(folder, 'tiny.gguf');
    writeFileSync(path, ggufHeader(header));
    const facts = await factsOfFile(path);
    const [model] = withEntry(family, said, facts).models;
    expect(model).toMatchObject({
      description: 'Tiny',
      contextLength: 128,
      architecture: { name: 'llama', layers: 2, kvHeads: 2, headSize: 16 },
      variants: [{ trust: 'pinned', sources: ['https://example.org/tiny.gguf'] }],
    });
    expect(model?.variants[0]?.files[0]?.size).toBe(ggufHeader(header).length);
    const twice = () => withEntry(withEntry(family, said, facts), said, facts);
    expect(twice).toThrow('has a variant');
    expect(() => withEntry(family, { ...said, goodFor: [] }, facts)).toThrow();
  });

  it('takes digest, size and revision from a hub', async () => {
    const sha = 'c'.repeat(40);
    const oid = 'a'.repeat(64);
    const server = createServer((req, res) => {
      const url = req.url ?? '';
      if (url.includes('/resolve/')) return void res.end(ggufHeader(header));
      res.setHeader('content-type', 'application/json');
      if (url.includes('/tree/')) {
        const plain = { type: 'file', size: 3, path: 'README.md', oid: 'b'.repeat(40) };
        const big = { type: 'file', size: 7, path: 'tiny.Q8_0.gguf', oid: 'b'.repeat(40) };
        return void res.end(
          JSON.stringify([plain, { ...big, lfs: { oid, size: 123456, pointerSize: 130 } }]),
        );
      }
      res.end(JSON.stringify({ _id: '1', id: 'org/tiny', gated: 'auto', sha, private: false }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const hub = `http://127.0.0.1:${port}`;
      const facts = await factsOfHub('hf://org/tiny:q8_0', hub);
      expect(facts).toMatchObject({
        source: `hf://org/tiny@${sha}:tiny.Q8_0.gguf`,
        gated: true,
        files: [{ name: 'tiny.Q8_0.gguf', size: 123456, sha256: oid }],
        header: { architecture: { layers: 2 } },
      });
      await expect(factsOfHub('hf://org/tiny:Q2_K', hub)).rejects.toThrow('has no file that matches');
      await expect(factsOfHub('hf://org/tiny', hub)).rejects.toThrow('is not hf://');
    } finally {
      server.close();
    }
  });
});
