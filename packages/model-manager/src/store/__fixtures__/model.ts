import { ModelManifest, ModelRecord } from '@nanite/contracts';

/** A manifest of a GGUF model with the given files. */
export const aManifest = (
  id: string,
  name: string,
  files: ReadonlyArray<{ sha256: string; size: number; path?: string }>,
  change: Partial<ModelManifest> = {},
): ModelManifest =>
  ModelManifest.parse({
    schema: 1,
    id,
    name,
    description: 'A model of the tests',
    format: 'gguf',
    family: 'llama',
    parameterSize: '1M',
    quantisation: 'F16',
    capabilities: ['chat'],
    contextLength: 2048,
    licence: 'Apache-2.0',
    files: files.map(({ sha256, size, path }) => ({
      role: 'weights',
      path: path ?? 'model.gguf',
      sha256,
      size,
    })),
    source: 'test',
    modifiedAt: '2026-11-23T00:00:00Z',
    ...change,
  });

export const aRecord = (change: Partial<ModelRecord> = {}): ModelRecord =>
  ModelRecord.parse({ schema: 1, reference: null, ...change });
