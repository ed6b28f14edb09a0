export type { Block, Extracted } from './extracted';
export { CannotExtract, extractReasons, type ExtractReason } from './cannot-extract';
export { createExtractor, type Extractor } from './extractor';
export { identify, identifyBytes } from './file-type';
