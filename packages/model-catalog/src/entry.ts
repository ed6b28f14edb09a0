import { CatalogueModel, type CatalogueFamily, type CatalogueVariant } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import type { SourceFacts } from './sources';

/** What no source says of a model and a person has to. */
export interface Said {
  name: string;
  tag: string;
  quantisation: string;
  format: CatalogueVariant['format'];
  description?: string;
  kind?: CatalogueModel['kind'];
  goodFor?: string[];
  licence?: string;
  licenceUrl?: string;
  homepage?: string;
  capabilities?: CatalogueModel['capabilities'];
  parameters?: number;
  parameterSize?: string;
  template?: string;
  /** Reference by which others can get the file, where the facts came from a file of this machine. */
  source?: string;
}

/**
 * The family with one more variant: of a model it has, or of a new one.
 *
 * @throws NaniteError `already-there`; ZodError where a new model lacks what an entry must have
 */
export function withEntry(family: CatalogueFamily, said: Said, facts: SourceFacts): CatalogueFamily {
  const variant: CatalogueVariant = {
    tag: said.tag,
    quantisation: said.quantisation,
    format: said.format,
    sources: [said.source ?? facts.source],
    // Its facts came from it.
    sourceSeen: true,
    trust: facts.files.every((file) => file.sha256 !== null) ? 'pinned' : 'first-use',
    files: facts.files,
    memory: null,
  };
  const model = family.models.find(({ name }) => name === said.name);
  if (model?.variants.some(({ tag }) => tag === said.tag)) {
    throw new NaniteError('already-there', `${said.name} has a variant ${said.tag}`);
  }
  if (model !== undefined) {
    return {
      ...family,
      models: family.models.map((each) =>
        each === model ? { ...model, variants: [...model.variants, variant] } : each,
      ),
    };
  }
  const added = CatalogueModel.parse({
    name: said.name,
    aliases: [],
    description: said.description ?? facts.header?.name ?? undefined,
    kind: said.kind ?? 'chat',
    goodFor: said.goodFor ?? [],
    licence: said.licence ?? facts.header?.licence ?? undefined,
    licenceUrl: said.licenceUrl,
    gated: facts.gated,
    homepage: said.homepage ?? facts.homepage ?? undefined,
    capabilities: said.capabilities ?? [],
    parameters: said.parameters ?? null,
    parameterSize: said.parameterSize ?? null,
    contextLength: facts.header?.contextLength ?? null,
    embeddingLength: null,
    template: said.template ?? null,
    architecture: facts.header?.architecture ?? null,
    shapeChecked: null,
    variants: [variant],
  });
  return { ...family, models: [...family.models, added] };
}
