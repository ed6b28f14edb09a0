import { z } from 'zod';
import { ScopeWish } from './scope';
import { Passage, SearchFilter } from './search';

/** `POST /v1/ask`: answered with one JSON line an event. */
export const KnowledgeQuestion = z.strictObject({
  question: z.string().min(1).max(10_000),
  filter: SearchFilter.default({}),
  scope: ScopeWish,
  /** Passages that the model reads. */
  passages: z.number().int().min(1).max(20).default(5),
  /** Model that writes the answer; the gateway's default where there is none. */
  model: z.string().nullable().default(null),
});

/**
 * A passage that an answer cites, under its number. Numbers count from 1 in the order in which the answer cites them first.
 */
export const Source = z.object({ number: z.number().int().positive(), passage: Passage });

/**
 * What bears a sentence out: number of the source, the words there, letter by letter as they stand in the passage, and
 * where these are: the passage's address, narrowed down to their lines where lines are known.
 */
export const Quotation = z.object({
  number: z.number().int().positive(),
  quote: z.string().min(1),
  uri: z.string(),
});

/**
 * In this order: `found`, any number of `text` with a `source` before the first sentence that cites it, `done`. Where
 * nothing is found: `done` alone, with `answered: false`.
 */
export const KnowledgeEvent = z.discriminatedUnion('event', [
  /** What is read for the answer, best first. */
  z.object({ event: z.literal('found'), passages: z.array(Passage), notes: z.array(z.string()) }),
  z.object({ event: z.literal('source'), ...Source.shape }),
  /**
   * A sentence, and what bears it out: always at least one. `text` is without marks of citations; `quoted` says that
   * it is not the model's but stands so in the source.
   */
  z.object({
    event: z.literal('text'),
    text: z.string(),
    citations: z.array(Quotation).min(1),
    quoted: z.boolean(),
  }),
  z.object({
    event: z.literal('done'),
    answered: z.boolean(),
    /** Why there is no answer, or none of the model's: for people; null where there is one. */
    why: z.string().nullable(),
    /** Model that was asked; null where none was. */
    model: z.string().nullable(),
    /** Sentences of the model that were left out: no passage bears them out. */
    dropped: z.number().int().nonnegative(),
    notes: z.array(z.string()),
  }),
  z.object({ event: z.literal('error'), code: z.string(), message: z.string(), hint: z.string().nullable() }),
]);

export type KnowledgeQuestion = z.infer<typeof KnowledgeQuestion>;
export type Source = z.infer<typeof Source>;
export type Quotation = z.infer<typeof Quotation>;
export type KnowledgeEvent = z.infer<typeof KnowledgeEvent>;
