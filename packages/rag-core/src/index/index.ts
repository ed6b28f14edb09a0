export { Collections, pathBytes, pathText, type StoredCollection, type StoredRoot } from './collections';
export { Indexer } from './indexer';
export { unrestrained, type IndexParts, type Restraint, type VectorWork } from './parts';
export { restraint } from './restraint';
