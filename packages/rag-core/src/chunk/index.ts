export { chunkDocument, type Chunk } from './chunk';
export { countTokens } from './tokens';
