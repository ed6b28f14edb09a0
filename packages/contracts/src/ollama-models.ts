import { z } from 'zod';
import { Bytes } from './hardware';
import { ModelName } from './model';
import { CreateRequest } from './model-store';

/** Ollama's endpoints that change which models there are; `name` is the older word for `model`. */

/** Either may be empty: Ollama's own clients send both. */
const named = { model: z.string().max(4096).optional(), name: z.string().max(4096).optional() };

/** POST /api/pull. `username` and `password`, which Ollama ignores, are ignored here too. */
export const OllamaPullRequest = z.object({
  ...named,
  insecure: z.boolean().default(false),
  stream: z.boolean().default(true),
});

/** DELETE /api/delete */
export const OllamaDeleteRequest = z.object(named);

/** POST /api/copy */
export const OllamaCopyRequest = z.object({ source: z.string().min(1), destination: ModelName });

/** POST /api/create */
export const OllamaCreateRequest = z.object({
  ...CreateRequest.partial({ model: true }).shape,
  ...named,
  stream: z.boolean().default(true),
});

/** A line of what pull and create answer. With `stream: false` only the last comes: `{"status":"success"}`. */
export const OllamaProgress = z.object({
  status: z.string(),
  digest: z.string().optional(),
  total: Bytes.optional(),
  completed: Bytes.optional(),
});

export type OllamaProgress = z.infer<typeof OllamaProgress>;
