import { FileType, Place } from '@nanite/contracts';
import { z } from 'zod';
import { extractReasons } from './cannot-extract';

/** What the program in the sandbox is asked; the file's bytes are its descriptor 3. */
export interface Question {
  type: FileType;
  /** Last part of the path. */
  name: string;
  size: number;
}

const Block = z.object({
  text: z.string(),
  headings: z.array(z.string().max(1000)).max(100),
  place: Place,
  bytes: z.object({ from: z.number().int().nonnegative(), to: z.number().int().nonnegative() }).nullable(),
  kind: z.enum(['heading', 'prose', 'code', 'table']),
  symbol: z.string().max(1000).nullable(),
});

/** What it answers: parsed, as it has read what may have been made to take it over. */
export const Answer = z.union([
  z.object({
    extracted: z.object({
      type: FileType,
      title: z.string().max(1000).nullable(),
      language: z.string().max(100).nullable(),
      blocks: z.array(Block),
      warnings: z.array(z.string().max(1000)).max(100),
    }),
  }),
  z.object({ failure: z.object({ reason: z.enum(extractReasons), message: z.string().max(2000) }) }),
]);

export type Answer = z.infer<typeof Answer>;
