import {
  ApiFailure,
  ollamaShow,
  ollamaTag,
  type ModelDetails,
  type OllamaPs,
  type OllamaShowResponse,
  type OllamaTags,
  type StoredModel,
} from '@nanite/contracts';
import { gateway } from '../gateway-address';
import { bytes, relativeTime, withoutLongDigests } from '../terminal/format';
import { paint } from '../terminal/paint';
import { outputColumns, table } from '../terminal/table';
import { print } from '../terminal/print';
import { explainMissing, withModel } from './missing-model';
import { hasStore, store, told } from './store';

/** What the store knows beside what every server of Ollama's API tells. */
type Listed = OllamaTags['models'][number] & { stored?: StoredModel };

const runsHere = ({ stored }: Listed): string => {
  if (stored === undefined) return '-';
  if (stored.missing.length > 0) return 'damaged';
  if (stored.fit === null) return '-';
  return stored.fit.runs ? 'yes' : 'no';
};

export function modelTable(models: readonly Listed[], now: number): string {
  if (models.length === 0) {
    return (
      'No model is installed. One to start with: sudo apt install nanite-model-smollm2-135m-instruct\n' +
      (hasStore() ? 'Many more: nanite models search, then nanite models pull NAME\n' : '')
    );
  }
  const known = models.some(({ stored }) => stored !== undefined);
  const head = ['NAME', 'SIZE', 'PARAMETERS', ...(known ? ['RUNS HERE'] : []), 'CHANGED'];
  const listing = table(
    models.map((model) => [
      model.name,
      bytes(model.size),
      `${model.details.parameter_size} ${model.details.quantization_level}`.trim(),
      ...(known ? [runsHere(model)] : []),
      relativeTime(model.modified_at, now),
    ]),
    { head },
  );
  const damaged = models.some(({ stored }) => stored !== undefined && stored.missing.length > 0);
  const hint =
    damaged && process.stdout.isTTY === true ? '\nnanite models verify repairs what is damaged\n' : '';
  return listing + hint;
}

const isAbsent = (error: unknown): boolean => error instanceof ApiFailure && error.code === 'unreachable';

/** The installed models: as the gateway lists them, with what the store knows of each. */
async function installed(): Promise<Listed[]> {
  const isElsewhere = Boolean(process.env['NANITE_HOST']);
  const [tags, stored] = await Promise.allSettled([
    gateway().tags(),
    !isElsewhere && hasStore() ? store().list() : Promise.resolve({ models: [] }),
  ]);
  const known = stored.status === 'fulfilled' ? stored.value.models : [];
  if (tags.status === 'rejected') {
    const { reason } = tags as { reason: unknown };
    if (!isAbsent(reason) || stored.status === 'rejected' || !hasStore() || isElsewhere) throw reason;
    return known.map((model) => ({ ...ollamaTag(model), stored: model }));
  }
  const byName = new Map(known.map((model) => [model.manifest.name, model]));
  const listed = tags.value.models.map((model): Listed => {
    const found = byName.get(model.name);
    return found === undefined ? model : { ...model, stored: found };
  });
  const names = new Set(listed.map(({ name }) => name));
  // What the gateway leaves out: models with files missing.
  const damaged = known.filter(({ manifest }) => !names.has(manifest.name));
  return [...listed, ...damaged.map((model) => ({ ...ollamaTag(model), stored: model }))];
}

export function loadedTable({ models }: OllamaPs, now: number): string {
  if (models.length === 0) return 'No model is in memory; a model is loaded when it is first asked.\n';
  const head = ['NAME', 'SIZE', 'IN VRAM', 'CONTEXT', 'UNLOADS'];
  return table(
    models.map(({ name, size, size_vram, context_length, expires_at }) => [
      name,
      bytes(size),
      size === 0 ? '-' : `${Math.round((100 * size_vram) / size)} %`,
      String(context_length),
      // Ollama says "never" with a time centuries away.
      Date.parse(expires_at) - now > 365 * 86_400_000 ? 'never' : relativeTime(expires_at, now),
    ]),
    { head },
  );
}

/** The name of a licence, and how to read its text where there is more than a name. */
function licenceLine({ license, model_info }: OllamaShowResponse): string {
  const text = license.trim();
  const known = model_info['general.license'];
  const [first = ''] = text.split('\n');
  const name = typeof known === 'string' ? known : first;
  return text === name ? name : `${name}; --licence prints the text`;
}

/** Lines of a chat template that are shown besides all else; some are as long as a program. */
const templateLines = 6;

function beginning(template: string): string {
  const columns = Math.min(outputColumns(), 100) - 4;
  const lines = template.trim().split('\n');
  const shown = lines
    .slice(0, templateLines)
    .map((line) => (line.length > columns ? `${line.slice(0, columns - 1)}…` : line));
  return [...shown, ...(lines.length > templateLines ? ['… --template prints all of it'] : [])].join('\n');
}

const indented = (text: string): string => text.trim().replace(/^/gm, '  ');

export function modelText(name: string, model: OllamaShowResponse, details: ModelDetails | null): string {
  const { bold } = paint(process.stdout);
  const context = Object.entries(model.model_info).find(([key]) => key.endsWith('.context_length'))?.[1];
  const rows = [
    ['name', name],
    ['family', model.details.family],
    ['parameters', model.details.parameter_size],
    ['quantisation', model.details.quantization_level],
    ['format', model.details.format],
    ['can do', model.capabilities.join(', ')],
    ...(context === undefined ? [] : [['context', `${String(context)} tokens`]]),
    ['licence', licenceLine(model)],
    ...(details === null ? [] : storedRows(details)),
  ];
  const parts = [table(rows.map(([key, value]) => [bold(key ?? ''), value ?? '']))];
  if (model.parameters.trim() !== '')
    parts.push(`${bold('default parameters')}\n${indented(model.parameters)}\n`);
  if (model.template.trim() !== '')
    parts.push(`${bold('chat template')}\n${indented(beginning(model.template))}\n`);
  if (model.system) parts.push(`${bold('system prompt')}\n${indented(model.system)}\n`);
  return parts.join('\n');
}

const trusted = {
  reference: 'given by the catalogue, or by the person who pulled it',
  source: 'given by its source before the download',
  'first-use': 'not known before the download: the first version was trusted',
};

function storedRows({ manifest, record, origin, path, fit, missing }: ModelDetails): string[][] {
  return [
    ['source', withoutLongDigests(manifest.source)],
    ...(record.trust === null ? [] : [['digests', trusted[record.trust]]]),
    ...(record.lineage.length > 0 ? [['made from', record.lineage.join(', which is made from ')]] : []),
    ...(origin === 'package' ? [['comes from', 'a Debian package; apt removes it']] : []),
    ...(record.pinned ? [['pinned', 'yes: neither updated nor removed']] : []),
    ...(fit === null ? [] : [['runs here', fit.runs ? 'yes' : `no: ${fit.why ?? 'too large'}`]]),
    ...(missing.length > 0 ? [['missing', `${missing.join(', ')}: nanite models verify repairs it`]] : []),
    ['folder', path],
  ];
}

/** `nanite models list` */
export const listModels = (json: boolean): Promise<number> =>
  told(json, async () => {
    const models = await installed();
    return print({ models }, json, () => modelTable(models, Date.now()));
  });

export interface ShowOptions {
  json?: boolean;
  modelfile?: boolean;
  template?: boolean;
  licence?: boolean;
  parameters?: boolean;
  system?: boolean;
}

/** `nanite models show` */
export const showModel = (name: string, options: ShowOptions): Promise<number> =>
  told(options.json ?? false, async () => {
    const [shown, stored] = await Promise.allSettled([
      gateway().show(name),
      process.env['NANITE_HOST'] || !hasStore() ? Promise.resolve(null) : store().show(name),
    ]);
    // The gateway also has models that are in no store of this machine, and may not be installed.
    const details = stored.status === 'fulfilled' ? stored.value : null;
    if (shown.status === 'rejected' && (details === null || !isAbsent(shown.reason))) {
      throw await explainMissing(shown.reason, name);
    }
    const asked = shown.status === 'fulfilled' ? shown.value : null;
    const model = details === null ? asked! : ollamaShow(details, details.template ?? asked?.template ?? '');
    const parts: Array<[boolean | undefined, () => string]> = [
      [options.modelfile, () => model.modelfile],
      [options.template, () => model.template],
      [options.licence, () => model.license],
      [options.parameters, () => model.parameters],
      [options.system, () => model.system ?? ''],
    ];
    const wanted = parts.find(([asked]) => asked);
    if (wanted !== undefined) {
      process.stdout.write(`${wanted[1]().replace(/\n+$/, '')}\n`);
      return 0;
    }
    return print(details === null ? model : { ...model, stored: details }, options.json ?? false, () =>
      modelText(name, model, details),
    );
  });

/** `nanite models ps` */
export const listLoaded = (json: boolean): Promise<number> =>
  told(json, async () => {
    const loaded = await gateway().ps();
    return print(loaded, json, () => loadedTable(loaded, Date.now()));
  });

/** `nanite models stop` */
export const stopModel = (name: string): Promise<number> =>
  told(false, async () => {
    await withModel(name, () => gateway().unload(name));
    process.stdout.write(`${name} is no longer in memory\n`);
    return 0;
  });
