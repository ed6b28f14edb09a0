export { chunkDocument, type Chunk } from './chunk';
export type { Passages } from './passages';
export { countTokens } from './tokens';
