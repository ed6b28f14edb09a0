import { ModelManifest } from '@nanite/contracts';
import { expect, it } from 'vitest';
import type { GateFacts } from '../gate/facts';
import { FakeSources } from './__fixtures__/tools';
import { manifestOf, parameterSize, type CheckedFile } from './manifest';

const facts = async (change: Partial<GateFacts> = {}): Promise<GateFacts> => ({
  ...(await new FakeSources().tools.inspect(import.meta.filename)),
  ...change,
});
const file = (name: string, change: Partial<CheckedFile> = {}): CheckedFile => ({
  role: 'weights',
  name,
  sha256: 'a'.repeat(64),
  size: 10,
  facts: null,
  ...change,
});

it('takes from the header what is in it, and from the source the rest', async () => {
  const manifest = manifestOf('m-1', 'm:1', [file('dir/m.gguf', { facts: await facts() })], {
    source: 'https://example.org/m.gguf',
    hints: { licence: 'Apache-2.0', contextLength: 99, system: 'Be kind.' },
  });
  expect(ModelManifest.parse(manifest)).toMatchObject({
    licence: 'Apache-2.0',
    contextLength: 8192,
    system: 'Be kind.',
    family: 'llama',
    files: [{ role: 'weights', path: 'm.gguf' }],
  });
});

it('puts the parts of a split model in order under their own names, and says that it sees with a projector', async () => {
  const part = async (index: number) =>
    file(`m-0000${index + 1}-of-00002.gguf`, {
      facts: await facts({ split: { index, count: 2 }, parameters: 3e9 }),
    });
  const projector = file('mmproj.gguf', {
    facts: await facts({ role: 'projector', capabilities: ['vision', 'audio'] }),
  });
  const {
    files,
    capabilities,
    parameterSize: size,
  } = manifestOf('m-1', 'm:1', [projector, await part(1), await part(0)], { source: 's', hints: {} });
  expect(files.map(({ role, path }) => [role, path])).toEqual([
    ['weights', 'm-00001-of-00002.gguf'],
    ['weights', 'm-00002-of-00002.gguf'],
    ['projector', 'mmproj.gguf'],
  ]);
  expect(capabilities).toEqual(expect.arrayContaining(['chat', 'vision', 'audio']));
  expect(size).toBe('6.0B');
});

it('sees with a projector only, whatever the source says of the model', async () => {
  const { capabilities } = manifestOf('m-1', 'm:1', [file('m.gguf', { facts: await facts({}) })], {
    source: 's',
    hints: { capabilities: ['chat', 'insert', 'vision'] },
  });
  expect(capabilities).toContain('insert');
  expect(capabilities).not.toContain('vision');
});

it('lets no file name leave the folder, hide, or take the place of another', async () => {
  const { files } = manifestOf(
    'm-1',
    'm:1',
    [
      file('../../etc/.passwd', { facts: await facts() }),
      file('manifest.json', { role: 'template' }),
      file('passwd', { role: 'template' }),
    ],
    { source: 's', hints: {} },
  );
  expect(files.map(({ path }) => path)).toEqual(['passwd', '1-manifest.json', '1-passwd']);
});

it('refuses what has no weights', () => {
  const only = [file('tokenizer.json', { role: 'tokenizer' })];
  expect(() => manifestOf('m-1', 'm:1', only, { source: 's', hints: {} })).toThrowError(
    expect.objectContaining({ code: 'refused-model', status: 422 }),
  );
});

it.each([
  [null, 'unknown'],
  [134_515_008, '134.52M'],
  [8_030_261_248, '8.0B'],
  [22_713, '22.71K'],
])('writes %s parameters as %s', (count, text) => expect(parameterSize(count)).toBe(text));
