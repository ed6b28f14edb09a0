import { z } from 'zod';

/** Packages that embedding models need beside those of bge-small. */
const packages = {
  'bge-small': [],
  'multilingual-e5-small': ['nanite-llama', 'nanite-model-multilingual-e5-small'],
} as const;

type Name = keyof typeof packages;
const Name = z.enum(Object.keys(packages) as Name[]);

export interface EmbeddingModel {
  name: Name;
  packages: readonly string[];
}

/** The model that makes the vectors of our side: NANITE_QUALITY_MODEL names it. */
export function embeddingModel(): EmbeddingModel {
  const name = Name.parse(process.env['NANITE_QUALITY_MODEL'] ?? 'bge-small');
  return { name, packages: packages[name] };
}
