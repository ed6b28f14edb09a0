import { z } from 'zod';
import { ModelName } from '../model';
import { Digest } from './progress';

/** What people write for a model: `llama3.1:8b`, `hf://org/repo:Q4_K_M`, `ollama://…`, `https://…#sha256=…`, a path. */
export const ReferenceText = z.string().min(1).max(4096);

export const PullRequest = z.strictObject({
  reference: ReferenceText,
  /** The name it gets; null: the source's. */
  name: ModelName.nullable().default(null),
  /** Allow plain HTTP, certificates that nobody signed, and private addresses. */
  insecure: z.boolean().default(false),
  /** For sources that ask who you are; kept nowhere. */
  token: z.string().min(1).max(8192).nullable().default(null),
  /** Do not wait for a metered connection to end. */
  metered: z.boolean().default(false),
});

export const CopyRequest = z.strictObject({ source: z.string().min(1), destination: ModelName });

/** The fields of Ollama's /api/create. Needs `from` or `files`. */
export const CreateRequest = z.strictObject({
  model: ModelName,
  /** A model of the store. */
  from: z.string().min(1).optional(),
  /** File names to digests of blobs that were uploaded before. */
  files: z.record(z.string(), Digest).optional(),
  adapters: z.record(z.string(), Digest).optional(),
  template: z.string().optional(),
  license: z.union([z.string(), z.array(z.string())]).optional(),
  system: z.string().optional(),
  parameters: z
    .record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.array(z.string())]))
    .optional(),
  messages: z.array(z.strictObject({ role: z.string(), content: z.string() })).optional(),
  /** A type by llama.cpp's name, such as `q4_K_M`; 501 where nanite-llama is not installed. */
  quantize: z.string().max(32).optional(),
  /** Quantise weights that are quantised already: what that costs in quality adds up. */
  requantize: z.boolean().optional(),
});

/** A Modelfile as text; the answer is {@link ParsedModelfile}. */
export const ModelfileRequest = z.strictObject({ text: z.string().max(4 * 1024 * 1024) });

export const VerifyRequest = z.strictObject({
  /** Names of models; null: everything. */
  models: z.array(z.string().min(1)).nullable().default(null),
  /** Fetch what is bad again from where it came from. */
  repair: z.boolean().default(true),
});

export const PinRequest = z.strictObject({ model: z.string().min(1), pinned: z.boolean() });

export const FitRequest = z.strictObject({
  reference: ReferenceText,
  insecure: z.boolean().default(false),
  token: z.string().min(1).max(8192).nullable().default(null),
});

export const UpdateRequest = z.strictObject({
  model: z.string().min(1),
  /** `stage`: fetch and check the new one beside the old; `switch`: make it current; `back`: the one before it again. */
  action: z.enum(['stage', 'switch', 'back']),
});

/** A folder of this machine that holds models: another program's store, an export, loose files. */
export const ImportRequest = z.strictObject({
  path: z.string().startsWith('/'),
  kind: z
    .enum(['auto', 'export', 'ollama', 'lm-studio', 'llama.cpp', 'huggingface', 'folder'])
    .default('auto'),
  /** Names as the listing of the folder gives them; null: all. */
  models: z.array(z.string().min(1)).nullable().default(null),
  /** List what is there, import nothing. */
  dryRun: z.boolean().default(false),
});

export const ExportRequest = z.strictObject({
  models: z.array(z.string().min(1)).min(1),
  path: z.string().startsWith('/'),
  kind: z.enum(['export', 'ollama', 'lm-studio', 'llama.cpp', 'huggingface', 'folder']).default('export'),
});

export type PullRequest = z.infer<typeof PullRequest>;
export type CopyRequest = z.infer<typeof CopyRequest>;
export type CreateRequest = z.infer<typeof CreateRequest>;
export type VerifyRequest = z.infer<typeof VerifyRequest>;
export type PinRequest = z.infer<typeof PinRequest>;
export type FitRequest = z.infer<typeof FitRequest>;
export type UpdateRequest = z.infer<typeof UpdateRequest>;
export type ImportRequest = z.infer<typeof ImportRequest>;
export type ExportRequest = z.infer<typeof ExportRequest>;
