import { z } from 'zod';
import { Passage, SearchFilter } from './search';

/** `POST /v1/ask`: answered with one JSON line an event. */
export const KnowledgeQuestion = z.strictObject({
  question: z.string().min(1).max(10_000),
  filter: SearchFilter.default({}),
  /** Passages that the model reads. */
  passages: z.number().int().min(1).max(20).default(5),
  /** Model that writes the answer; the gateway's default where there is none. */
  model: z.string().nullable().default(null),
});

/** A source of an answer: number in the text, and passage. */
export const CitedPassage = z.object({
  number: z.number().int().positive(),
  passage: Passage,
  quote: z.string(),
});

/** In this order: `sources`, any number of `text`, `done`. Where nothing is found: `done` alone, with `answered: false`. */
export const KnowledgeEvent = z.discriminatedUnion('event', [
  z.object({ event: z.literal('sources'), sources: z.array(CitedPassage), notes: z.array(z.string()) }),
  /** A sentence with its citations, `[1]`, all of them checked. */
  z.object({ event: z.literal('text'), text: z.string(), citations: z.array(z.number().int()) }),
  z.object({
    event: z.literal('done'),
    answered: z.boolean(),
    /** Why there is no answer: nothing in the files, or the model said nothing that they bear out. */
    why: z.string().nullable(),
    /** Sources that are cited, as they are numbered in the text. */
    cited: z.array(z.number().int()),
    model: z.string().nullable(),
    /** Claims of the model that were left out: no passage bears them out, or it cited one that does not exist. */
    dropped: z.number().int().nonnegative(),
  }),
  z.object({ event: z.literal('error'), code: z.string(), message: z.string(), hint: z.string().nullable() }),
]);

export type KnowledgeQuestion = z.infer<typeof KnowledgeQuestion>;
export type CitedPassage = z.infer<typeof CitedPassage>;
export type KnowledgeEvent = z.infer<typeof KnowledgeEvent>;
