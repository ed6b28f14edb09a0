import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelDetails, ModelRecord, StoredModel } from '@nanite/contracts';
import type { Extensions } from './extensions';

/** A model with its texts, for `nanite models show`. */
export function modelDetails(model: StoredModel, extensions: Extensions): ModelDetails {
  const [withFit = model] = extensions.withFit([model]);
  const template = templateOf(model);
  return { ...withFit, template, modelfile: extensions.printModelfile(model, template) };
}

/** A record as lists have it. */
export const withoutTexts = (record: ModelRecord): ModelRecord => ({
  ...record,
  licenceText: null,
  goTemplate: null,
  messages: [],
});

function templateOf({ manifest, path, record }: StoredModel): string | null {
  const file = manifest.files.find(({ role }) => role === 'template');
  if (file === undefined) return record.goTemplate;
  try {
    return readFileSync(join(path, file.path), 'utf8');
  } catch {
    // Withdrawn by a verification: `missing` says so.
    return null;
  }
}
