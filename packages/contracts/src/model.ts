import { z } from 'zod';
import { Bytes } from './hardware';

export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'sha256 as 64 lower-case hexadecimal digits');

/** The folder and unit name of a model: `smollm2-135m-instruct-q4-1`. */
export const ModelId = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,110}$/, 'a-z, 0-9, dot and hyphen');

/** The name people and Ollama's API use: `smollm2:135m`, `hf.co/org/repo:Q4_K_M`, `registry.example:5000/ns/name:tag`. */
export const ModelName = z
  .string()
  .regex(/^[a-zA-Z0-9][\w.-]*(?::\d{1,5}(?=\/))?(?:\/[\w.-]+)*(?::[\w.-]+)?$/, 'a name such as smollm2:135m');

/**
 * The id, or the name, under which engine and gateway run the version of a model that was staged and is not current yet.
 * Lists leave it out. No id of the store's own making has two hyphens in a row.
 */
export const stagedName = (nameOrId: string): string => `${nameOrId}--staged`;

export const ModelCapability = z.enum([
  'completion',
  'chat',
  'tools',
  'thinking',
  /** Fills in what is missing between a beginning and an end, as Ollama names it. */
  'insert',
  'vision',
  'audio',
  'embedding',
  'rerank',
]);

/**
 * `manifest.json` in a model's folder (/usr/share/nanite/models/<id>/ from a .deb, the store's for a pulled one).
 * File paths are relative to that folder.
 */
export const ModelManifest = z.object({
  schema: z.literal(1),
  id: ModelId,
  name: ModelName,
  /** Other names that mean this model, such as `smollm2:latest`. */
  aliases: z.array(ModelName).default([]),
  description: z.string(),
  format: z.enum(['gguf', 'onnx']),
  /** As Ollama's `details` name them: `llama`, `134.5M`, `Q4_1`. */
  family: z.string(),
  parameterSize: z.string(),
  quantisation: z.string(),
  capabilities: z.array(ModelCapability).min(1),
  /**
   * `asked`: too small to see by itself when no tool is needed, so it is asked to choose among the tools and none of them;
   * `native`: it is given its tools and does as it likes.
   */
  toolCalling: z.enum(['native', 'asked']).default('native'),
  /** Tokens the model was trained to attend to. */
  contextLength: z.number().int().positive(),
  /** Components of an embedding; null for models that give none. */
  embeddingLength: z.number().int().positive().nullable().default(null),
  /** How an embedding is pooled and whether it is normalised to length 1; for ONNX embedding models. */
  pooling: z.enum(['cls', 'mean', 'last']).nullable().default(null),
  normalise: z.boolean().default(true),
  /** SPDX identifier, or `LicenseRef-…`. */
  licence: z.string(),
  files: z
    .array(
      z.object({
        role: z.enum([
          'weights',
          'tokenizer',
          'tokenizer-config',
          'config',
          'template',
          'projector',
          'adapter',
        ]),
        path: z.string(),
        sha256: Sha256,
        size: Bytes,
      }),
    )
    .min(1),
  /** Default sampling parameters in Ollama's names, such as `temperature`. */
  parameters: z
    .record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.array(z.string())]))
    .default({}),
  system: z.string().nullable().default(null),
  /** Where it came from: registry package and version, or URL. */
  source: z.string(),
  /** RFC 3339 time at which the manifest was made. */
  modifiedAt: z.iso.datetime(),
});

export type ModelManifest = z.infer<typeof ModelManifest>;
export type ModelCapability = z.infer<typeof ModelCapability>;
