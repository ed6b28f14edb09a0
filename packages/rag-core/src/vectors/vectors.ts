/** Where vectors are searched. Chunks are known by their id in the index. */
export interface Vectors {
  /** Null: works; else why not, in words for people. */
  down(): string | null;
  /** Add vectors, or replace those of the same chunks. */
  add(collection: number, items: ReadonlyArray<{ chunk: number; vector: Float32Array }>): Promise<void>;
  remove(collection: number, chunks: readonly number[]): Promise<void>;
  /** The `k` nearest of the collections together, the nearest first; score is the cosine. */
  query(vector: Float32Array, k: number, collections: readonly number[]): Promise<VectorHit[]>;
  /** Every chunk that is held for a collection. */
  ids(collection: number): Promise<number[]>;
  count(collection: number): Promise<number>;
  /** Forget collections that are not among these. */
  keepOnly(collections: readonly number[]): Promise<void>;
}

export interface VectorHit {
  chunk: number;
  score: number;
}
