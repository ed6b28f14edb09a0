import { FileType, Place } from '@nanite/contracts';
import { z } from 'zod';
import { extractReasons } from './cannot-extract';

/** What the program in the sandbox is asked; the file's bytes are its descriptor 3. */
export interface Question {
  type: FileType;
  /** What is wanted: pieces as their author set them, or passages cut of them. */
  want: 'blocks' | 'passages';
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

const Passage = Block.extend({
  ordinal: z.number().int().nonnegative(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});

const facts = {
  type: FileType,
  title: z.string().max(1000).nullable(),
  language: z.string().max(100).nullable(),
  warnings: z.array(z.string().max(1000)).max(100),
};

/** What it answers: parsed, as it has read what may have been made to take it over. */
export const Answer = z.union([
  z.object({ extracted: z.object({ ...facts, blocks: z.array(Block) }) }),
  z.object({ passages: z.object({ ...facts, chunks: z.array(Passage) }) }),
  z.object({ failure: z.object({ reason: z.enum(extractReasons), message: z.string().max(2000) }) }),
]);

export type Answer = z.infer<typeof Answer>;
