import type { Embedder } from '../embed';
import type { Database } from '../store';
import type { Vectors } from '../vectors';
import type { Reranker } from './rerank';
import type { Stems } from './teachers-words';

export interface RetrieveParts {
  database: Database;
  vectors: Vectors;
  embedder: Embedder;
  /** Whether whom it is found for may read the file now. */
  mayRead(path: Buffer): Promise<boolean>;
  /**
   * Ids of the only files that are searched, and whose words are counted; null: all. What others may not read changes
   * neither what is found nor its scores.
   */
  files?: readonly number[] | null;
  reranker?: Reranker | null;
  /** Called where Chroma names a chunk that the index does not know. */
  stale?: () => void;
}

/** A passage that may be an answer, with all that is known of it. */
export interface Candidate {
  id: number;
  text: string;
  /** JSON: string[] */
  headings: string;
  place: string;
  symbol: string | null;
  hash: string;
  path: Buffer;
  type: string | null;
  title: string | null;
  modified: number;
  collection: string;
  /** Null where none was computed yet. */
  vector: Float32Array | null;
  /** BM25; 0 where no word of the question stands in it. */
  sparse: number;
  /** BM25 of the parts of words. */
  parts: number;
  /** Of its text, its title and its headings, in their order. */
  stems: Stems;
  /** Part of the question's words that stand in it, weighted by how rare they are: 0 to 1. */
  coverage: number;
  /** Cosine to the question; null without a vector. */
  dense: number | null;
  /** Position in the lists, from 1. */
  ranks: { sparse: number | null; dense: number | null; name: number | null };
}
