import { z } from 'zod';

/** What a file is, as far as its text is found in different ways. */
export const FileType = z.enum([
  'text',
  'markdown',
  'html',
  'pdf',
  'docx',
  'odt',
  'pptx',
  'xlsx',
  'csv',
  'epub',
  'notebook',
  'mail',
  'code',
  'image',
]);

const count = z.number().int().positive();

/** Where a passage stands in its file. Lines, pages, slides and cells count from 1, as the programs that show them count. */
export const Place = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('lines'), from: count, to: count }),
  z.object({ kind: z.literal('pages'), from: count, to: count }),
  z.object({ kind: z.literal('slide'), slide: count }),
  /** Rows of a table; `sheet` is null in a CSV file, which has one. */
  z.object({ kind: z.literal('rows'), sheet: z.string().nullable(), from: count, to: count }),
  /** Lines of a cell of a notebook. */
  z.object({ kind: z.literal('cell'), cell: count, from: count, to: count }),
  /** Chapter of a book (its file in the archive), section of a document or part of a mail, by name. */
  z.object({ kind: z.literal('part'), name: z.string() }),
  z.object({ kind: z.literal('whole') }),
]);

export type FileType = z.infer<typeof FileType>;
export type Place = z.infer<typeof Place>;
