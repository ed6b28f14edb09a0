import { z } from 'zod';
import { ModelName } from '../model';

/** Section `knowledge` of the settings: how a person's files, or a team's, are searched. */
export const KnowledgeSettings = z.strictObject({
  embedding: z
    .union([z.literal('auto'), ModelName])
    .default('auto')
    .describe(
      'Model that computes the vectors for search by meaning. `auto`: the one that computed those that are there; for a new index bge-small, or multilingual-e5-small if it is installed and your language is not English. After a change all of them are computed again. A multilingual one finds a text by a question in another language.',
    ),
  rerank: z
    .union([z.literal('auto'), z.literal('off'), ModelName])
    .default('auto')
    .describe(
      'Model that puts the first results in order: its name; `auto`: the first reranker that is installed; `off`: none.',
    ),
});

export type KnowledgeSettings = z.infer<typeof KnowledgeSettings>;
