import { z } from 'zod';
import { Collection, CollectionName } from './collections';

/**
 * First line of an exported collection. The lines after it are {@link ExportedVector}s: no text of any file, and no name
 * but those of the folders.
 */
export const ExportHeader = z.object({
  format: z.literal('nanite-knowledge'),
  version: z.literal(1),
  name: CollectionName,
  roots: z.array(z.string()).min(1),
  include: z.array(z.string()),
  exclude: z.array(z.string()),
  gitignore: z.boolean(),
  /** Model that the vectors are of. */
  model: z.string(),
  /** Components of a vector. */
  components: z.number().int().nonnegative(),
});

/**
 * The version of something that begins as an exported collection does; null where it does not. Another than 1 is of
 * another Nanite.
 */
export function exportVersion(value: unknown): number | null {
  const begun = ExportHeader.pick({ format: true }).extend({ version: z.number() }).safeParse(value);
  return begun.success ? begun.data.version : null;
}

/** A vector, and what text it is of: 16 bytes of its sha256, and 32-bit floats, little-endian; both as Base64. */
export const ExportedVector = z.object({ text: z.base64().length(24), vector: z.base64() });

/** What `POST /v1/import` answers. */
export const ImportAnswer = z.object({
  collection: Collection,
  /** Vectors that need not be computed again, if the files are the same. */
  vectors: z.number().int().nonnegative(),
  notes: z.array(z.string()),
});

export type ExportHeader = z.infer<typeof ExportHeader>;
export type ExportedVector = z.infer<typeof ExportedVector>;
export type ImportAnswer = z.infer<typeof ImportAnswer>;
