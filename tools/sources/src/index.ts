export type { FetchOptions } from './archive';
export { fetchSource, type FetchedSource } from './fetch';
export { describe, JoinedSource, Sha256, SourceSpec, type SourceFile } from './spec';
