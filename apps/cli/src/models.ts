import type { OllamaPs, OllamaShowResponse, OllamaTags } from '@nanite/contracts';
import { gateway } from './gateway-address';
import { report } from './report';
import { bytes, relativeTime } from './terminal/format';
import { paint } from './terminal/paint';
import { table } from './terminal/table';

function print(value: unknown, json: boolean, text: () => string): number {
  process.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : text());
  return 0;
}

async function told(json: boolean, action: () => Promise<number>): Promise<number> {
  try {
    return await action();
  } catch (error) {
    return report(error, json);
  }
}

export function modelTable({ models }: OllamaTags, now: number): string {
  if (models.length === 0) {
    return 'No model is installed. One to begin with: sudo apt install nanite-model-smollm2-135m-instruct\n';
  }
  const { bold } = paint(process.stdout);
  return table([
    ['NAME', 'SIZE', 'PARAMETERS', 'QUANTISATION', 'CHANGED'].map(bold),
    ...models.map(({ name, size, details, modified_at }) => [
      name,
      bytes(size),
      details.parameter_size,
      details.quantization_level,
      relativeTime(modified_at, now),
    ]),
  ]);
}

export function loadedTable({ models }: OllamaPs, now: number): string {
  if (models.length === 0) return 'No model is in memory; one is loaded when it is asked.\n';
  const { bold } = paint(process.stdout);
  return table([
    ['NAME', 'SIZE', 'IN VRAM', 'CONTEXT', 'UNLOADED'].map(bold),
    ...models.map(({ name, size, size_vram, context_length, expires_at }) => [
      name,
      bytes(size),
      size === 0 ? '-' : `${Math.round((100 * size_vram) / size)} %`,
      String(context_length),
      // Ollama says "never" with a time centuries away.
      Date.parse(expires_at) - now > 365 * 86_400_000 ? 'never' : relativeTime(expires_at, now),
    ]),
  ]);
}

const indented = (text: string): string => text.trim().replace(/^/gm, '  ');

export function modelText(name: string, model: OllamaShowResponse): string {
  const { bold } = paint(process.stdout);
  const context = Object.entries(model.model_info).find(([key]) => key.endsWith('.context_length'))?.[1];
  const licence = model.license.trim().split('\n');
  const rows = [
    ['name', name],
    ['family', model.details.family],
    ['parameters', model.details.parameter_size],
    ['quantisation', model.details.quantization_level],
    ['format', model.details.format],
    ['can do', model.capabilities.join(', ')],
    ...(context === undefined ? [] : [['context', `${String(context)} tokens`]]),
    ['licence', licence[0] ?? ''],
  ];
  const parts = [table(rows.map(([key, value]) => [bold(key ?? ''), value ?? '']))];
  if (model.parameters.trim() !== '')
    parts.push(`${bold('default parameters')}\n${indented(model.parameters)}\n`);
  if (model.system) parts.push(`${bold('system prompt')}\n${indented(model.system)}\n`);
  return parts.join('\n');
}

/** `nanite models list` */
export const listModels = (json: boolean): Promise<number> =>
  told(json, async () => {
    const tags = await gateway().tags();
    return print(tags, json, () => modelTable(tags, Date.now()));
  });

/** `nanite models show` */
export const showModel = (name: string, json: boolean): Promise<number> =>
  told(json, async () => {
    const model = await gateway().show(name);
    return print(model, json, () => modelText(name, model));
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
    await gateway().load(name, 0);
    return 0;
  });
