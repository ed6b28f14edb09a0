import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ModelManifest } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { describe, JoinedSource, Sha256, SourceSpec, type SourceFile } from '@nanite/sources';
import { z } from 'zod';
import { conversionNames } from './convert';

/** Of an archive: the path inside it; of a file joined of parts: its name. */
const Member = z.string().min(1);

/**
 * `model.json`: a model that we package, where its files come from, and what we know about it.
 *
 * The manifest that clients see is made of `manifest`, with hashes and sizes from the files themselves.
 */
export const PackagedModel = z
  .object({
    source: z.union([SourceSpec, JoinedSource]),
    /** When the source was published (RFC 3339): the manifest's `modifiedAt`, so that two builds are alike. */
    published: z.iso.datetime(),
    licence: z.object({
      /** SPDX identifier of the weights. */
      id: z.string().min(1),
      /** Where a person read it: a model card, a LICENSE file. */
      readAt: z.url(),
      /** What of the source bears it out, each checked in its way. */
      proof: z
        .array(
          z.discriminatedUnion('kind', [
            /** The text of the licence itself. */
            z.object({ kind: z.literal('text'), member: Member }),
            /** A GGUF file whose `general.license` names it. */
            z.object({ kind: z.literal('gguf'), member: Member }),
            /** Words that say where the weights are from, for weights whose archive brings no licence of theirs. */
            z.object({ kind: z.literal('origin'), member: Member, says: z.string().min(1) }),
            /** Nothing: the bytes are those that the publisher offers beside the card at `readAt`, which names the licence. */
            z.object({ kind: z.literal('publisher'), member: Member }),
          ]),
        )
        .min(1),
    }),
    /** Which members of the archive become which files of the model. */
    files: z
      .array(
        z.object({
          from: Member,
          path: z.string().regex(/^[\w][\w.-]*$/, 'a file name'),
          role: ModelManifest.shape.files.element.shape.role,
          /** Weights in a form that no runtime of ours reads: what is made of them, and the digest that it has to have. */
          convert: z.object({ by: z.enum(conversionNames), sha256: Sha256 }).optional(),
        }),
      )
      .min(1),
    manifest: ModelManifest.omit({ files: true, modifiedAt: true, source: true, licence: true }),
  })
  .superRefine((model, context) => {
    const pinned = new Set(pinnedFiles(model.source).map((file) => file.path));
    const used = [
      ...model.files.map((file) => file.from),
      ...model.licence.proof.map((proof) => proof.member),
    ];
    for (const member of used) {
      if (!pinned.has(member)) {
        context.addIssue({
          code: 'custom',
          message: `source pins no ${member}`,
          path: ['source'],
        });
      }
    }
    if (model.source.licence !== model.licence.id) {
      context.addIssue({
        code: 'custom',
        message: 'source.licence and licence.id differ',
        path: ['licence', 'id'],
      });
    }
  });

export type PackagedModel = z.infer<typeof PackagedModel>;
export type ModelSource = PackagedModel['source'];

export const pinnedFiles = (source: ModelSource): Array<Pick<SourceFile, 'path' | 'sha256'>> =>
  'parts' in source ? [source.file] : source.files;

/** Where the weights come from, as the manifest says it: a package of a registry, or the publisher's own file. */
export const originOf = (source: ModelSource): string =>
  'parts' in source ? source.publisher.url : describe(source);

/** @throws NaniteError `bad-model` */
export function readModel(folder: string): PackagedModel {
  const path = join(folder, 'model.json');
  const parsed = PackagedModel.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  if (!parsed.success) {
    throw new NaniteError('bad-model', `${path}: ${z.prettifyError(parsed.error)}`, {
      hint: 'see docs/recipes/add-a-model.md',
    });
  }
  return parsed.data;
}
