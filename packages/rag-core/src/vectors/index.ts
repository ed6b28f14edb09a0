export { fromBlob } from './blob';
export { Chroma, chromaSocket } from './chroma';
export { modelFor, prepareVectors, VectorKeeper } from './keeper';
export type { VectorHit, Vectors } from './vectors';
