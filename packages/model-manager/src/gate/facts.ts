import { ModelCapability } from '@nanite/contracts';
import { z } from 'zod';
import { capabilitiesOf, roleOf } from './capabilities';
import { fileTypes } from '@nanite/gguf';
import type { GgufHeader } from './gguf';
import { integerOf, splitOf, textOf } from './gguf-metadata';
import { limits } from './limits';

const Count = z.number().int().nonnegative();
const Text = z.string().max(2 * limits.chatTemplateBytes);

/** What the gate has found out about a file that it lets through. */
export const GateFacts = z.object({
  format: z.enum(['gguf', 'onnx']),
  /** `llama`, `qwen3`, `bert`; `onnx` where the file does not say. */
  architecture: z.string().max(64),
  /** Elements of all tensors; null where the file does not hold them. */
  parameters: Count.nullable(),
  /** As llama.cpp names it: `Q4_K_M`, `F16`; for ONNX the type of most weights, such as `INT8`. */
  quantisation: z.string().max(32),
  contextLength: z.number().int().positive(),
  embeddingLength: z.number().int().positive().nullable(),
  capabilities: z.array(ModelCapability),
  /** Jinja. */
  chatTemplate: Text.nullable(),
  /** Position in a model of several files, from 0. */
  split: z.object({ index: Count, count: Count }).nullable(),
  role: z.enum(['weights', 'projector', 'adapter']),
  /** The model's own name of itself, and SPDX identifier of its licence as far as the header tells. */
  name: z.string().max(1024).nullable(),
  licence: z.string().max(1024).nullable(),
  /** How embeddings are pooled, where the header says. */
  pooling: z.enum(['cls', 'mean', 'last']).nullable(),
  /** Tensors in this file, and in all parts of a split model together. */
  tensors: Count,
  splitTensors: Count.nullable(),
  /** Share of its experts that a mixture uses for one token; 1 for all other models. */
  expertShare: z.number().min(0).max(1).optional(),
  /** Files with weights of an ONNX model, relative to its folder, and the bytes that each must have. */
  externalData: z.array(z.object({ path: z.string().max(1024), bytes: Count })),
});
export type GateFacts = z.infer<typeof GateFacts>;

/** Facts of a GGUF header that has been checked. */
export function factsOf(header: GgufHeader): GateFacts {
  const { metadata, tensors } = header;
  const architecture = textOf(metadata, 'general.architecture') ?? 'unknown';
  const split = splitOf(metadata);
  const role = roleOf(header);
  const pooled = integerOf(metadata, `${architecture}.pooling_type`);
  return {
    format: 'gguf',
    architecture,
    parameters: tensors.reduce((sum, { elements }) => sum + elements, 0),
    quantisation: quantisationOf(header),
    contextLength: integerOf(metadata, `${architecture}.context_length`) || defaultContext,
    embeddingLength:
      integerOf(metadata, `${architecture}.embedding_length_out`) ||
      integerOf(metadata, `${architecture}.embedding_length`) ||
      null,
    capabilities: capabilitiesOf(header),
    chatTemplate: role === 'weights' ? textOf(metadata, 'tokenizer.chat_template') : null,
    split: split && { index: split.index, count: split.count },
    role,
    name: short(textOf(metadata, 'general.name')),
    licence: short(textOf(metadata, 'general.license')),
    pooling: ({ 1: 'mean', 2: 'cls', 3: 'last' } as const)[pooled ?? 0] ?? null,
    tensors: tensors.length,
    splitTensors: split?.tensors ?? null,
    expertShare: expertShareOf(header, architecture),
    externalData: [],
  };
}

function expertShareOf({ metadata }: GgufHeader, architecture: string): number {
  const [all, used] = ['expert_count', 'expert_used_count'].map((key) =>
    integerOf(metadata, `${architecture}.${key}`),
  );
  return all && used && used < all ? used / all : 1;
}

/** llama.cpp's own where a header names no context. */
const defaultContext = 512;

const short = (text: string | null) => (text === null ? null : text.slice(0, 256));

function quantisationOf({ metadata, tensors }: GgufHeader): string {
  const named = fileTypes.get(integerOf(metadata, 'general.file_type') ?? -1);
  if (named !== undefined) return named;
  const bytes = new Map<string, number>();
  for (const { type, bytes: size } of tensors) bytes.set(type.name, (bytes.get(type.name) ?? 0) + size);
  return [...bytes].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'unknown';
}
