import { z } from 'zod';

/** GET /nanite/v1/default-model: what answers a person who names no model, chosen by memory and speed (ADR 141). */
export const DefaultModel = z.object({
  /** Null where no model here can chat. */
  name: z.string().nullable(),
  /** Why this one, in a sentence. */
  reason: z.string(),
  /** Larger ones that do not answer by default, and why not. */
  passedOver: z.array(z.object({ name: z.string(), why: z.string() })),
});

export type DefaultModel = z.infer<typeof DefaultModel>;
