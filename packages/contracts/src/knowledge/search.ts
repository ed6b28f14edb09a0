import { z } from 'zod';
import { CollectionName } from './collections';
import { FileType, Place } from './place';
import { KnowledgeScope, ScopeWish } from './scope';

/** What narrows a search. */
export const SearchFilter = z.strictObject({
  collections: z.array(CollectionName).optional(),
  /** Glob over the path below the collection's folder, or a whole path. */
  path: z.string().max(1024).optional(),
  types: z.array(FileType).optional(),
  /** Changed at or after, and before: ISO 8601. */
  after: z.iso.datetime({ offset: true }).or(z.iso.date()).optional(),
  before: z.iso.datetime({ offset: true }).or(z.iso.date()).optional(),
});

/** `POST /v1/search` */
export const SearchRequest = z.strictObject({
  query: z.string().min(1).max(10_000),
  limit: z.number().int().min(1).max(200).default(10),
  filter: SearchFilter.default({}),
  scope: ScopeWish,
  /** `hybrid` is words and meaning together; `names` looks at names of files as well, for search as one types. */
  mode: z.enum(['hybrid', 'sparse', 'dense', 'names']).default('hybrid'),
});

/** A passage of a file: what is quoted, and where it stands. */
export const Passage = z.object({
  /** Of the chunk; gone when the file changes. */
  id: z.number().int().positive(),
  /** Whose; ids of the two are apart. Absent: of the service that was asked. */
  scope: KnowledgeScope.optional(),
  collection: z.string(),
  /** For people: bytes that are not UTF-8 are shown as U+FFFD. */
  path: z.string(),
  /** What `nanite open` opens: the file's address with the place. */
  uri: z.string(),
  type: FileType,
  title: z.string().nullable(),
  headings: z.array(z.string()),
  place: Place,
  symbol: z.string().nullable(),
  text: z.string(),
  /** When the file was changed: ISO 8601. */
  modified: z.string(),
});

export const Hit = z.object({
  passage: Passage,
  /** Probability that the passage speaks of what was asked, calibrated: comparable between queries. */
  score: z.number().min(0).max(1),
  /** Ranks among the sparse and dense results, from 1; null where it was not among them. */
  ranks: z.object({
    sparse: z.number().nullable(),
    dense: z.number().nullable(),
    name: z.number().nullable(),
    /** Among those that a reranker read; absent where it did not. The order of the hits is its then. */
    rerank: z.number().optional(),
  }),
  /** Addresses of other files with the same passage. */
  duplicates: z.array(z.string()),
});

export const SearchAnswer = z.object({
  hits: z.array(Hit),
  /** What did not take part and why, for people: `not searched by meaning: the model bge-small is not installed`. */
  notes: z.array(z.string()),
  milliseconds: z.number(),
});

export type SearchFilter = z.infer<typeof SearchFilter>;
export type SearchRequest = z.infer<typeof SearchRequest>;
export type Passage = z.infer<typeof Passage>;
export type Hit = z.infer<typeof Hit>;
export type SearchAnswer = z.infer<typeof SearchAnswer>;
