/**
 * Add an entry to the catalogue, or compute its estimates anew:
 *
 *   npx tsx packages/model-catalog/add.ts hf://owner/repository:FILE --family llama --name llama3.1:8b \
 *     --tag 8b-q6_K --quantisation Q6_K
 *   npx tsx packages/model-catalog/add.ts ./model.gguf --source https://… …
 *   npx tsx packages/model-catalog/add.ts --estimates
 *
 * Sizes and digests come from the source or are computed from the file, and never from the command line.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CatalogueKind, CatalogueModel, CatalogueVariant } from '@nanite/contracts';
import { NaniteError, describeError } from '@nanite/kit';
import { withEntry } from './src/entry';
import { catalogueFolder, readFamilies, writeFamily } from './src/files';
import { factsOfFile, factsOfHub } from './src/sources';

const text = { type: 'string' } as const;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      estimates: { type: 'boolean', default: false },
      family: text,
      name: text,
      tag: text,
      quantisation: text,
      format: { type: 'string', default: 'gguf' },
      description: text,
      kind: text,
      'good-for': { type: 'string', multiple: true },
      licence: text,
      'licence-url': text,
      homepage: text,
      capability: { type: 'string', multiple: true },
      parameters: text,
      'parameter-size': text,
      template: text,
      source: text,
    },
  });
  const families = readFamilies();
  if (values.estimates) {
    for (const { path, family } of families) writeFamily(path, family);
    return;
  }
  const [reference] = positionals;
  const { family: wanted, name, tag, quantisation } = values;
  if (!reference || !wanted || !name || !tag || !quantisation) {
    throw new NaniteError('usage', 'add.ts REFERENCE --family F --name NAME:TAG --tag TAG --quantisation Q');
  }
  const path = join(catalogueFolder, `${wanted}.json`);
  const found = families.find((each) => each.path === path);
  if (found === undefined) throw new NaniteError('usage', `there is no family ${wanted}`);
  const facts = reference.startsWith('hf://') ? await factsOfHub(reference) : await factsOfFile(reference);
  if (!reference.startsWith('hf://') && values.source === undefined) {
    throw new NaniteError('usage', 'a file needs --source: the reference by which others can get it');
  }
  const family = withEntry(
    found.family,
    {
      name,
      tag,
      quantisation,
      format: CatalogueVariant.shape.format.parse(values.format),
      ...(values.description && { description: values.description }),
      ...(values.kind && { kind: CatalogueKind.parse(values.kind) }),
      ...(values['good-for'] && { goodFor: values['good-for'] }),
      ...(values.licence && { licence: values.licence }),
      ...(values['licence-url'] && { licenceUrl: values['licence-url'] }),
      ...(values.homepage && { homepage: values.homepage }),
      ...(values.capability && { capabilities: CatalogueModel.shape.capabilities.parse(values.capability) }),
      ...(values.parameters && { parameters: Number(values.parameters) }),
      ...(values['parameter-size'] && { parameterSize: values['parameter-size'] }),
      ...(values.template && { template: values.template }),
      ...(values.source && { source: values.source }),
    },
    facts,
  );
  writeFamily(path, family);
  process.stderr.write(`${name}: ${facts.files.length} file(s) added to ${path}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`add.ts: ${describeError(error)}\n`);
  process.exitCode = 1;
});
