import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CatalogueFamily } from '@nanite/contracts';
import { writeAtomically } from '@nanite/kit';
import { estimateMemory } from './memory';
import { parametersByShape } from './shape';

export const catalogueFolder = join(import.meta.dirname, '../catalogue');

/** Every family of the catalogue with the file it is in, in the order of file names. */
export function readFamilies(folder = catalogueFolder): Array<{ path: string; family: CatalogueFamily }> {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => {
      const path = join(folder, name);
      return { path, family: CatalogueFamily.parse(JSON.parse(readFileSync(path, 'utf8'))) };
    });
}

/** A family with all that is computed of it computed again. */
export function withEstimates(family: CatalogueFamily): CatalogueFamily {
  return {
    ...family,
    models: family.models.map((model) => ({
      ...model,
      shapeChecked:
        model.architecture === null || model.parameters === null
          ? null
          : parametersByShape(model) === model.parameters,
      variants: model.variants.map((variant) => ({ ...variant, memory: estimateMemory(model, variant) })),
    })),
  };
}

/** Check a family, compute its estimates, write its file. */
export function writeFamily(path: string, family: CatalogueFamily): void {
  writeAtomically(path, `${JSON.stringify(CatalogueFamily.parse(withEstimates(family)), null, 2)}\n`, 0o644);
}
