import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CatalogueFamily,
  findInCatalogue,
  namesInCatalogue,
  type CatalogueModel,
  type CatalogueVariant,
} from '@nanite/contracts';
import { NaniteError, describeError, likelyModels, shareDir, tagsOfFamily } from '@nanite/kit';
import { defaultTag, ollamaRegistry, parseReference, type Reference } from '../references/reference';
import type { ResolvedFile, ResolvedModel } from './resolved';

type CatalogueReference = Extract<Reference, { kind: 'catalogue' }>;

/** The families of the installed catalogue; none where nanite-model-catalog is not installed. */
export function readCatalogue(folder = join(shareDir(), 'catalogue')): CatalogueFamily[] {
  let names: string[];
  try {
    names = readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .sort();
  } catch {
    return [];
  }
  return names.map((name) => {
    try {
      return CatalogueFamily.parse(JSON.parse(readFileSync(join(folder, name), 'utf8')));
    } catch (error) {
      throw new NaniteError(
        'bad-catalogue',
        `${join(folder, name)} cannot be read: ${describeError(error)}`,
        {
          hint: 'reinstall nanite-model-catalog',
          cause: error,
        },
      );
    }
  });
}

/**
 * A name of the catalogue, from the first of its sources that has it; its digests win over the source's. A name that
 * the catalogue does not have is looked up in the Ollama registry's library, as Ollama would.
 *
 * @param resolveAt how a source is resolved
 * @param say is told when the network is asked about a name that the catalogue does not have
 * @throws NaniteError `in-a-package` 409, `digest-mismatch` 422, `model-not-found` 404, or what the last source said
 */
export async function resolveCatalogue(
  reference: CatalogueReference,
  families: readonly CatalogueFamily[],
  resolveAt: (source: Reference) => Promise<ResolvedModel>,
  say: (status: string) => void = () => {},
): Promise<ResolvedModel> {
  const entry = findInCatalogue(families, reference.name, reference.tag);
  if (entry === null) return resolveUnlisted(reference, families, resolveAt, say);
  const { model, variant } = entry;
  let failure: unknown = null;
  for (const source of variant.sources) {
    if (source.startsWith('deb:')) {
      failure ??= new NaniteError('in-a-package', `${model.name} comes as a Debian package`, {
        status: 409,
        hint: `apt install ${source.slice('deb:'.length)}`,
      });
      continue;
    }
    if (source.startsWith('pypi:')) {
      failure ??= new NaniteError('not-fetched-yet', `${model.name} cannot be downloaded yet`, {
        status: 409,
        hint: 'nothing here runs models of its kind yet; it will come as a Debian package together with the program that runs it',
      });
      continue;
    }
    try {
      const resolved = await resolveAt(parseReference(source));
      return withCatalogue(resolved, model, variant);
    } catch (error) {
      // Another source may have it; what one refuses for good reason, the next is held to as well.
      if (!(error instanceof NaniteError) || error.code === 'digest-mismatch') throw error;
      if (!(failure instanceof NaniteError) || failure.code !== 'in-a-package') failure = error;
    }
  }
  throw failure;
}

/** `qwen2.5-coder:0.5b, :1.5b, :7b`; null where the catalogue has nothing like it. */
function listedInstead(name: string, families: readonly CatalogueFamily[]): string | null {
  const known = namesInCatalogue(families);
  const [family = ''] = name.split(':');
  const [first, ...others] = tagsOfFamily(family, known);
  if (first !== undefined) return [`${family}:${first}`, ...others.map((tag) => `:${tag}`)].join(', ');
  const near = likelyModels(name, known);
  return near.length > 0 ? near.join(', ') : null;
}

/**
 * A name that the catalogue does not have, from the Ollama registry's library. A size without its unit is not asked for:
 * no tag there is one.
 */
async function resolveUnlisted(
  reference: CatalogueReference,
  families: readonly CatalogueFamily[],
  resolveAt: (source: Reference) => Promise<ResolvedModel>,
  say: (status: string) => void,
): Promise<ResolvedModel> {
  const tag = reference.tag ?? defaultTag;
  const name = `${reference.name}:${tag}`;
  const meant = [`${tag}b`, `${tag}m`].filter((each) => findInCatalogue(families, reference.name, each));
  if (/^[\d.]+$/.test(tag) && meant.length > 0) {
    throw new NaniteError('model-not-found', `there is no model ${name}`, {
      status: 404,
      hint: `did you mean ${meant.map((each) => `${reference.name}:${each}`).join(' or ')}?`,
    });
  }
  const instead = listedInstead(name, families);
  if (families.length > 0) say(`${name} is not in the catalogue, asking ${ollamaRegistry}`);
  try {
    return await resolveAt({
      kind: 'oci',
      scheme: 'https',
      host: ollamaRegistry,
      repository: `library/${reference.name}`,
      tag,
      digest: null,
    });
  } catch (error) {
    if (!(error instanceof NaniteError) || families.length === 0) throw error;
    if (!['model-not-found', 'source-refused', 'source-unreachable'].includes(error.code)) throw error;
    const own = error.code === 'model-not-found' && instead !== null ? null : error.hint;
    const hints = [
      ...(instead === null ? [] : [`the catalogue has ${instead}`]),
      ...(own === null ? [] : [own]),
    ];
    throw new NaniteError(error.code, `${name} is not in the catalogue; ${error.message}`, {
      ...error.options,
      ...(hints.length > 0 && { hint: hints.join('\n') }),
    });
  }
}

/** What a source says of a model, held to the catalogue. */
function withCatalogue(
  resolved: ResolvedModel,
  model: CatalogueModel,
  variant: CatalogueVariant,
): ResolvedModel {
  const files = resolved.files.map((file): ResolvedFile => {
    const candidates = variant.files.filter(({ role }) => role === file.role);
    const listed =
      candidates.find(({ name }) => name !== null && baseOf(name) === file.name) ??
      (candidates.length === 1 ? candidates[0] : undefined);
    if (listed === undefined || listed.sha256 === null) return file;
    if (file.sha256 !== null && file.sha256 !== listed.sha256) {
      throw new NaniteError(
        'digest-mismatch',
        `${resolved.source} has ${file.name} with sha256 ${file.sha256}, the catalogue pins ${listed.sha256}`,
        { status: 422, hint: 'the source has changed; a newer nanite-model-catalog may know why' },
      );
    }
    return { ...file, sha256: listed.sha256, size: file.size ?? listed.size };
  });
  const isPinned =
    variant.trust === 'pinned' &&
    files.every((file) => variant.files.some(({ sha256 }) => sha256 === file.sha256));
  return {
    ...resolved,
    name: model.name,
    pinned: files.every(({ sha256 }) => sha256 !== null),
    trust: isPinned ? 'reference' : resolved.trust,
    files,
    hints: {
      description: model.description,
      ...(model.capabilities.length > 0 ? { capabilities: model.capabilities } : {}),
      ...(model.contextLength === null ? {} : { contextLength: model.contextLength }),
      ...resolved.hints,
      licence: model.licence,
    },
  };
}

const baseOf = (name: string): string => name.split('/').at(-1) ?? name;
