import type { CatalogueArchitecture } from '@nanite/contracts';
import { readGgufMetadata } from '@nanite/gguf';

/** What a GGUF header says that the catalogue keeps. */
export interface HeaderFacts {
  name: string | null;
  licence: string | null;
  contextLength: number | null;
  architecture: CatalogueArchitecture | null;
}

/**
 * Read the metadata of a GGUF file; its beginning is enough.
 *
 * @throws NaniteError `bad-gguf`
 */
export function readHeader(path: string): HeaderFacts {
  const metadata = readGgufMetadata(path);
  const text = (key: string): string | null => {
    const value = metadata.get(key);
    return typeof value === 'string' ? value : null;
  };
  const count = (key: string): number | null => {
    const value = metadata.get(key);
    return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : null;
  };
  const kind = text('general.architecture');
  const layers = count(`${kind}.block_count`);
  const heads = count(`${kind}.attention.head_count`);
  const kvHeads = count(`${kind}.attention.head_count_kv`) ?? heads;
  const width = count(`${kind}.embedding_length`);
  const headSize =
    count(`${kind}.attention.key_length`) ?? (width !== null && heads !== null ? width / heads : null);
  const known = kind !== null && layers !== null && kvHeads !== null && headSize !== null;
  return {
    name: text('general.name'),
    licence: text('general.license'),
    contextLength: count(`${kind}.context_length`),
    architecture: known ? { name: kind, layers, kvHeads, headSize: Math.round(headSize) } : null,
  };
}
