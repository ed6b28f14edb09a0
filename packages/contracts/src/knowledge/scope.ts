import { z } from 'zod';

/** Whose knowledge something is of: the person's own, or what a team shares on this machine. */
export const KnowledgeScope = z.enum(['own', 'team']);

/** Where to look. A team's service answers for itself alone, a person's for both. */
export const ScopeWish = z.enum(['all', 'own', 'team']).default('all');

export type KnowledgeScope = z.infer<typeof KnowledgeScope>;
export type ScopeWish = z.infer<typeof ScopeWish>;
