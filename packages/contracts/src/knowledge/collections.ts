import { z } from 'zod';
import { FileType } from './place';
import { KnowledgeScope } from './scope';

/** Name of a collection: what a person types. */
export const CollectionName = z
  .string()
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N}._ -]{0,63}$/u,
    'letters, digits, space, dot, hyphen and underscore; at most 64',
  );

/** An absolute path. Where names are not UTF-8, `file://` addresses carry their bytes percent-encoded. */
const FolderPath = z.string().min(1).max(4096);

const Globs = z.array(z.string().min(1).max(1024)).max(1000);

/** `PUT /v1/collections/<name>`: make a collection, or change what is named here. */
export const CollectionRequest = z.strictObject({
  /** Folders and single files. */
  roots: z.array(FolderPath).min(1).max(1000).optional(),
  /** Only these, where there are any; a file named here by its own name is taken although privacy would leave it out. */
  include: Globs.optional(),
  exclude: Globs.optional(),
  /** Whether .gitignore files are obeyed; yes unless told otherwise. */
  gitignore: z.boolean().optional(),
  paused: z.boolean().optional(),
});

/** How far a collection is. */
export const CollectionProgress = z.object({
  state: z.enum(['scanning', 'indexing', 'embedding', 'ready', 'paused', 'waiting', 'stopped']),
  /** Why it waits (battery, load) or stopped (disk full, folder gone), in words; null otherwise. */
  why: z.string().nullable(),
  /** Files found, of them in the index, and set aside. */
  files: z.object({ found: z.number().int(), indexed: z.number().int(), aside: z.number().int() }),
  chunks: z.object({ all: z.number().int(), embedded: z.number().int() }),
  /** Seconds until all is indexed and embedded at the present rate; null where unknown or done. */
  eta: z.number().nonnegative().nullable(),
});

/**
 * Where the service is a team's, whoever does not administer it is told of folders that they get to, and of files that
 * they may read.
 */
export const Collection = z.object({
  name: CollectionName,
  /** Absent: of the service that was asked. */
  scope: KnowledgeScope.optional(),
  roots: z.array(z.string()),
  include: Globs,
  exclude: Globs,
  gitignore: z.boolean(),
  progress: CollectionProgress,
});

export const CollectionList = z.object({ collections: z.array(Collection) });

/** A file that is not in the index, and why. */
export const FileAside = z.object({
  path: z.string(),
  uri: z.string(),
  type: FileType.nullable(),
  reason: z.string(),
});
export const FileAsideList = z.object({ files: z.array(FileAside), more: z.number().int().nonnegative() });

/** What the service says of itself. */
export const KnowledgeStatus = z.object({
  collections: z.array(Collection),
  /** Null: works; else why not, and what to do. */
  dense: z.object({ down: z.string().nullable(), model: z.string() }),
  rerank: z.object({ model: z.string().nullable() }),
  watch: z.object({ folders: z.number().int(), degraded: z.string().nullable() }),
});

export type CollectionRequest = z.infer<typeof CollectionRequest>;
export type CollectionProgress = z.infer<typeof CollectionProgress>;
export type Collection = z.infer<typeof Collection>;
export type CollectionList = z.infer<typeof CollectionList>;
export type FileAside = z.infer<typeof FileAside>;
export type FileAsideList = z.infer<typeof FileAsideList>;
export type KnowledgeStatus = z.infer<typeof KnowledgeStatus>;
