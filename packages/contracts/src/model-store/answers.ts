import { z } from 'zod';
import { Bytes, GpuBackend } from '../hardware';
import { ModelId, ModelManifest, ModelName, Sha256 } from '../model';
import { CreateRequest } from './requests';

/** Whether, and how, a model runs on this machine. */
export const Fit = z.object({
  runs: z.boolean(),
  /** Why not, or what it costs; null where there is nothing to say. */
  why: z.string().nullable(),
  quantisation: z.string(),
  /** Tokens of context that fit; null where not even the least does. */
  context: z.number().int().positive().nullable(),
  backend: z.union([z.literal('cpu'), GpuBackend]),
  /** Peak memory with that context, on the GPU included. */
  memoryBytes: Bytes,
  vramBytes: Bytes,
  /** Of an answer to one client; null where nothing is known. */
  tokensPerSecond: z.number().nonnegative().nullable(),
  /** Where the memory figure comes from: llama.cpp's own reckoning, or ours from the header or the catalogue. */
  basis: z.enum(['llama.cpp', 'header', 'catalogue']),
});

/** What `nanite models fit` says: one entry for each quantisation that there is, the recommended one first. */
export const FitAnswer = z.object({
  reference: z.string(),
  name: z.string(),
  fits: z.array(Fit),
});

/** What the store remembers of a model besides its manifest: `record.json` in its folder. */
export const ModelRecord = z.object({
  schema: z.literal(1),
  /** What was asked for; null for a model made or uploaded here. */
  reference: z.string().nullable().default(null),
  /**
   * Who vouched for its bytes: `reference`: the digest was written by a person or in the catalogue; `source`: the source
   * named it before the first byte; `first-use`: nobody, what came first was believed. Null: made or uploaded here.
   */
  trust: z.enum(['reference', 'source', 'first-use']).nullable().default(null),
  insecure: z.boolean().default(false),
  /** Left alone by `update`, and refused by `rm`. */
  pinned: z.boolean().default(false),
  /** Names of the models it was made from, nearest first. */
  lineage: z.array(ModelName).default([]),
  licenceText: z.string().nullable().default(null),
  /** A template in Ollama's language, which no engine of ours reads: it is kept to be shown and exported. */
  goTemplate: z.string().nullable().default(null),
  messages: z.array(z.object({ role: z.string(), content: z.string() })).default([]),
  /** Of the user who had it fetched or made. */
  uid: z.number().int().nonnegative().nullable().default(null),
});

/** A model that is on this machine. */
export const StoredModel = z.object({
  manifest: ModelManifest,
  record: ModelRecord,
  /** `package`: from a .deb, read-only here; apt removes it. */
  origin: z.enum(['store', 'package']),
  /** Folder of its manifest. */
  path: z.string(),
  sizeBytes: Bytes,
  /** sha256 of its manifest: changes with anything in it. */
  digest: Sha256,
  /** Files that are not there, or were set aside by a verification: until it is repaired it does not run. */
  missing: z.array(z.string()).default([]),
  /** Null where nothing could be reckoned. */
  fit: Fit.nullable().default(null),
});

/** `licenceText`, `goTemplate` and `messages` of the records are left out: they are texts, and shown with a model. */
export const StoredModelList = z.object({ models: z.array(StoredModel) });

/** A model with its texts. */
export const ModelDetails = StoredModel.extend({
  /** Chat template of its own; null: the one in its header. */
  template: z.string().nullable(),
  /** A Modelfile that would make it again. */
  modelfile: z.string(),
});

/** The fields of a create request that a Modelfile holds; files are left as its paths or references. */
export const ParsedModelfile = CreateRequest.omit({
  model: true,
  from: true,
  files: true,
  adapters: true,
}).extend({
  /** FROM lines, as written: a model or its weights, and what belongs to it, such as a projector. */
  froms: z.array(z.string()).min(1),
  /** ADAPTER lines, as written. */
  adapterPaths: z.array(z.string()).default([]),
});

export const RemoveAnswer = z.object({ model: ModelId, freedBytes: Bytes });

export const GarbageReport = z.object({
  blobs: z.number().int().nonnegative(),
  freedBytes: Bytes,
});

/** Result of a verification, in its last event. */
export const VerifyReport = z.object({
  checked: z.number().int().nonnegative(),
  bad: z.array(
    z.object({
      sha256: Sha256,
      models: z.array(ModelId),
      what: z.enum(['missing', 'wrong-size', 'wrong-hash']),
      repaired: z.boolean(),
      /** Why it could not be repaired. */
      why: z.string().nullable(),
    }),
  ),
});

export const DiskUsage = z.object({
  /** Bytes on the disk; a blob that several models have counts once. */
  totalBytes: Bytes,
  partialBytes: Bytes,
  unreferencedBytes: Bytes,
  freeBytes: Bytes,
  quotaBytes: Bytes.nullable(),
  models: z.array(
    z.object({
      id: ModelId,
      name: ModelName,
      sizeBytes: Bytes,
      /** What removing this one alone would free. */
      ownBytes: Bytes,
    }),
  ),
});

export const UpdateEntry = z.object({
  model: ModelId,
  name: ModelName,
  /** What differs from the source, one sentence each; empty: nothing. */
  changes: z.array(z.string()),
  fetchBytes: Bytes.nullable(),
  staged: z.boolean(),
  /** There is an earlier one to go back to. */
  previous: z.boolean(),
  /** Why the source could not be asked. */
  error: z.string().nullable().default(null),
});

export const UpdateList = z.object({ updates: z.array(UpdateEntry) });

export type Fit = z.infer<typeof Fit>;
export type FitAnswer = z.infer<typeof FitAnswer>;
export type ModelRecord = z.infer<typeof ModelRecord>;
export type StoredModel = z.infer<typeof StoredModel>;
export type StoredModelList = z.infer<typeof StoredModelList>;
export type ModelDetails = z.infer<typeof ModelDetails>;
export type ParsedModelfile = z.infer<typeof ParsedModelfile>;
export type RemoveAnswer = z.infer<typeof RemoveAnswer>;
export type GarbageReport = z.infer<typeof GarbageReport>;
export type VerifyReport = z.infer<typeof VerifyReport>;
export type DiskUsage = z.infer<typeof DiskUsage>;
export type UpdateEntry = z.infer<typeof UpdateEntry>;
export type UpdateList = z.infer<typeof UpdateList>;
