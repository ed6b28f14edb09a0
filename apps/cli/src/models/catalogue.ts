import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  CatalogueFamily,
  HardwareReport,
  namesInCatalogue,
  type CatalogueModel,
  type CatalogueVariant,
} from '@nanite/contracts';
import { NaniteError, runtimeDir, shareDir } from '@nanite/kit';
import { bytes } from '../terminal/format';
import { paint } from '../terminal/paint';
import { outputColumns, table } from '../terminal/table';
import { print } from '../terminal/print';
import { told } from './store';

/** @throws NaniteError `not-installed`, `bad-file` */
export function readCatalogue(folder = join(shareDir(), 'catalogue')): CatalogueFamily[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch (cause) {
    throw new NaniteError('not-installed', 'the catalogue of models is not installed', {
      hint: 'sudo apt install nanite-model-catalog',
      cause,
    });
  }
  return names.sort().map((name) => {
    const path = join(folder, name);
    try {
      return CatalogueFamily.parse(JSON.parse(readFileSync(path, 'utf8')));
    } catch (cause) {
      throw new NaniteError('bad-file', `${path} cannot be read`, { cause });
    }
  });
}

/** Names and tags that `nanite models pull` takes, for completion. */
export const catalogueNames = (): string[] => namesInCatalogue(readCatalogue());

/** Bytes of system memory that models may take here; null where nobody has looked. */
function memoryBudget(): number | null {
  try {
    const report = HardwareReport.parse(
      JSON.parse(readFileSync(join(runtimeDir(), 'hardware.json'), 'utf8')),
    );
    return report.memory.modelBudgetBytes;
  } catch {
    return null;
  }
}

export interface Found extends CatalogueModel {
  publisher: string;
  /** Whether the estimate of its first variant is within what models may take here; null where that is not known. */
  runsHere: boolean | null;
}

/** Models that hold each of the words in what is said of them; all of them without words. */
export function searchCatalogue(
  families: readonly CatalogueFamily[],
  words: readonly string[],
  budget: number | null,
): Found[] {
  const wanted = words.map((word) => word.toLowerCase());
  return families.flatMap(({ publisher, family, models }) =>
    models
      .filter((model) => {
        const said = [
          ...[model.name, ...model.aliases, model.description, model.kind, model.licence, publisher, family],
          ...model.goodFor,
          ...model.capabilities,
          ...model.variants.map(({ quantisation }) => quantisation),
        ];
        const text = said.join(' ').toLowerCase();
        return wanted.every((word) => text.includes(word));
      })
      .map((model) => {
        const needed = model.variants[0]?.memory?.totalBytes;
        return {
          ...model,
          publisher,
          runsHere: needed === undefined || budget === null ? null : needed <= budget,
        };
      }),
  );
}

const sizeOf = ({ files, memory }: CatalogueVariant): string => {
  const known = files.length > 0 && files.every(({ size }) => size !== null);
  if (known) return bytes(files.reduce((sum, { size }) => sum + (size ?? 0), 0));
  return memory === null ? '-' : `~${bytes(memory.weightsBytes)}`;
};

const memoryOf = ({ memory }: CatalogueVariant): string =>
  memory === null ? '-' : `~${bytes(memory.totalBytes)}`;

export function catalogueTable(found: readonly Found[], all: boolean, words: readonly string[] = []): string {
  if (found.length === 0) {
    return `No models in the catalogue match ${words.map((word) => `"${word}"`).join(' and ')}.\n`;
  }
  const { dim } = paint(process.stdout);
  const columns = outputColumns();
  const wide = columns >= wideColumns;
  const here = (model: Found): string => (model.runsHere === null ? '-' : model.runsHere ? 'yes' : dim('no'));
  const rows = found.flatMap((model) =>
    (all ? model.variants : model.variants.slice(0, 1)).map((variant, i) => [
      (all && i > 0 ? `${model.name.split(':')[0] ?? ''}:${variant.tag}` : model.name) +
        (variant.sourceSeen ? '' : ' ?'),
      ...(all || wide ? [variant.quantisation] : []),
      sizeOf(variant),
      memoryOf(variant),
      i === 0 ? here(model) : '',
      ...(wide ? [model.licence.replace('LicenseRef-', '')] : []),
      i === 0 ? model.goodFor.join(', ') : '',
    ]),
  );
  const head = [
    ...['NAME', ...(all || wide ? ['QUANTISATION'] : []), 'SIZE', 'MEMORY', 'RUNS HERE'],
    ...[...(wide ? ['LICENCE'] : []), 'GOOD FOR'],
  ];
  const next = found.find(({ runsHere }) => runsHere !== false)?.name ?? found[0]?.name ?? '';
  // For people only: programs read the table's lines.
  const hint =
    process.stdout.isTTY === true ? dim(`\nnanite models fit ${next}\nnanite models pull ${next}\n`) : '';
  return table(rows, { columns, last: 'cut', head }) + hint;
}

/** Columns of a terminal on which all that a search says of a model has room. */
const wideColumns = 120;

/** `nanite models search` */
export const searchModels = (words: string[], options: { json?: boolean; all?: boolean }): Promise<number> =>
  told(options.json ?? false, () => {
    const found = searchCatalogue(readCatalogue(), words, memoryBudget());
    return Promise.resolve(
      print({ models: found }, options.json ?? false, () =>
        catalogueTable(found, options.all ?? false, words),
      ),
    );
  });
