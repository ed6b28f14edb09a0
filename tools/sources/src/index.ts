export { fetchSource, type FetchedSource, type FetchOptions } from './fetch';
export { SourceSpec, type SourceFile } from './spec';
