import { z } from 'zod';
import { Bytes } from './hardware';
import { ModelCapability, ModelManifest, ModelName, Sha256 } from './model';

/** What a model is for, by the program that runs it. */
export const CatalogueKind = z.enum([
  'chat',
  'code',
  'embedding',
  'rerank',
  'speech-to-text',
  'text-to-speech',
  'voice-activity',
  'image',
  'ocr',
  'upscaling',
]);

/** What the memory of a model with attention is computed from; as the model's own config.json states it. */
export const CatalogueArchitecture = z.strictObject({
  /** As GGUF's `general.architecture` names it. */
  name: z.string().min(1),
  layers: z.number().int().positive(),
  /** Heads of keys and values (fewer than query heads where these are grouped). */
  kvHeads: z.number().int().positive(),
  /** Components of one head. */
  headSize: z.number().int().positive(),
});

export const CatalogueFile = z.strictObject({
  role: ModelManifest.shape.files.element.shape.role,
  /** Name at the source; null where the source chooses it (a quantisation in a repository). */
  name: z.string().min(1).nullable(),
  size: Bytes.nullable(),
  sha256: Sha256.nullable(),
  /** Who published the digest: an URL, or the package that pins it. */
  digestFrom: z.string().min(1).nullable(),
});

/**
 * An estimate, by the formulas of docs/decisions/0090: bytes of the weights, and of keys and values (two bytes each)
 * for one token of context. What the engine measures replaces it.
 */
export const CatalogueMemory = z.strictObject({
  estimate: z.literal(true),
  weightsBytes: Bytes,
  kvBytesPerToken: Bytes,
  /** Bytes in all with 4,096 tokens of context, or the model's own context where that is smaller. */
  totalBytes: Bytes,
});

export const CatalogueVariant = z.strictObject({
  /** The tag that means exactly this one: `8b-instruct-q4_K_M`. */
  tag: z.string().regex(/^[\w][\w.-]*$/),
  quantisation: z.string().min(1),
  format: z.enum(['gguf', 'onnx', 'safetensors', 'ggml', 'ctranslate2', 'ncnn']),
  /**
   * References as `nanite models pull` takes them, best first; `deb:<package>` is one for apt, `pypi:<package>@<version>`
   * names where files lie that nothing fetches yet.
   */
  sources: z.array(z.string().min(1)).min(1),
  /**
   * Whether the first source was seen in use under exactly this name, or its bytes were. False: it was written down as such
   * names usually are, nobody could look, and a pull may find nothing there (docs/decisions/0097).
   */
  sourceSeen: z.boolean().default(false),
  /**
   * `pinned`: every file has a digest here, so a source that serves other bytes is found out.
   * `first-use`: the source's own digest is believed when first fetched, and remembered from then on.
   */
  trust: z.enum(['pinned', 'first-use']),
  files: z.array(CatalogueFile),
  memory: CatalogueMemory.nullable(),
});

export const CatalogueModel = z.strictObject({
  /** What people type: `llama3.1:8b`. */
  name: ModelName,
  /** Other names for it, such as `llama3.1:latest`; `llama3.1` alone means `llama3.1:latest`. */
  aliases: z.array(ModelName),
  description: z.string().min(1),
  kind: CatalogueKind,
  /** A few words each: what it does well. */
  goodFor: z.array(z.string().min(1)).min(1),
  /** SPDX identifier, or `LicenseRef-…` with its address. */
  licence: z.string().regex(/^(LicenseRef-)?[A-Za-z0-9.+-]+$/),
  licenceUrl: z.url(),
  /** Whether the publisher's own repository asks for an account and a click before it gives anything. */
  gated: z.boolean(),
  homepage: z.url(),
  capabilities: z.array(ModelCapability),
  /** Parameters; null where the publisher does not state them exactly enough to compute with. */
  parameters: z.number().int().positive().nullable(),
  /** For people: `8.03B`. */
  parameterSize: z.string().nullable(),
  contextLength: z.number().int().positive().nullable(),
  /** Components of an embedding. */
  embeddingLength: z.number().int().positive().nullable(),
  /** Name of the chat template in llama.cpp; the one in the weights wins. */
  template: z.string().nullable(),
  architecture: CatalogueArchitecture.nullable(),
  /** Whether parameters and architecture were found to agree to the last digit; null where one of them is not known. */
  shapeChecked: z.boolean().nullable().default(null),
  /** The first is what the name alone means. */
  variants: z.array(CatalogueVariant).min(1),
});

/** /usr/share/nanite/catalogue/<family>.json */
export const CatalogueFamily = z.strictObject({
  schema: z.literal(1),
  family: z.string().min(1),
  publisher: z.string().min(1),
  models: z.array(CatalogueModel).min(1),
});

export type CatalogueArchitecture = z.infer<typeof CatalogueArchitecture>;
export type CatalogueKind = z.infer<typeof CatalogueKind>;
export type CatalogueFile = z.infer<typeof CatalogueFile>;
export type CatalogueMemory = z.infer<typeof CatalogueMemory>;
export type CatalogueVariant = z.infer<typeof CatalogueVariant>;
export type CatalogueModel = z.infer<typeof CatalogueModel>;
export type CatalogueFamily = z.infer<typeof CatalogueFamily>;

/**
 * The entry that a name means: by model name or alias, or by the exact tag of one variant.
 *
 * @param name without tag, such as `llama3.1`
 * @param tag null means `latest`
 */
export function findInCatalogue(
  families: readonly CatalogueFamily[],
  name: string,
  tag: string | null,
): { model: CatalogueModel; variant: CatalogueVariant } | null {
  const wanted = `${name}:${tag ?? 'latest'}`.toLowerCase();
  const models = families.flatMap((family) => family.models);
  for (const model of models) {
    const [first] = model.variants;
    const isMeant = [model.name, ...model.aliases].some((known) => known.toLowerCase() === wanted);
    if (isMeant && first !== undefined) return { model, variant: first };
  }
  for (const model of models) {
    const base = model.name.split(':')[0];
    const variant = model.variants.find((one) => `${base}:${one.tag}`.toLowerCase() === wanted);
    if (variant !== undefined) return { model, variant };
  }
  return null;
}

/** Every name that a pull takes from the catalogue: of models, and of each of their variants. */
export function namesInCatalogue(families: readonly CatalogueFamily[]): string[] {
  return families
    .flatMap(({ models }) => models)
    .flatMap(({ name, variants }) => [
      name,
      ...variants.map(({ tag }) => `${name.split(':')[0] ?? name}:${tag}`),
    ]);
}
