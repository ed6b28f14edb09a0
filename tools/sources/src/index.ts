export type { FetchOptions } from './archive';
export { fetchSource, type FetchedSource } from './fetch';
export { describe, JoinedSource, SourceSpec, type SourceFile } from './spec';
