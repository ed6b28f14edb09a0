import type { ModelManifest } from './model';
import { modelfileText, type ModelRecord } from './model-store';
import type { OllamaModelDetails, OllamaShowResponse, OllamaTags } from './ollama';

/** A model of this machine as Ollama's API tells of it: the gateway, and programs that ask the store where there is none. */

type Tag = OllamaTags['models'][number];

const detailsOf = (manifest: ModelManifest, parent: string): OllamaModelDetails => ({
  parent_model: parent,
  format: manifest.format,
  family: manifest.family,
  families: [manifest.family],
  parameter_size: manifest.parameterSize,
  quantization_level: manifest.quantisation,
});

const digestOf = ({ files }: ModelManifest): string =>
  files.find(({ role }) => role === 'weights')?.sha256 ?? files[0]?.sha256 ?? '';

/** An entry of /api/tags, and most of one of /api/ps. */
export const ollamaTag = ({ manifest, sizeBytes }: { manifest: ModelManifest; sizeBytes: number }): Tag => ({
  name: manifest.name,
  model: manifest.name,
  modified_at: manifest.modifiedAt,
  size: sizeBytes,
  digest: digestOf(manifest),
  details: detailsOf(manifest, ''),
});

/** Ollama's word for each capability; a model that completes may do so in chats. */
function capabilitiesOf({ capabilities }: ModelManifest): string[] {
  const names = capabilities.map((each) => (each === 'chat' ? 'completion' : each));
  return [...new Set(names)].filter((each) => each !== 'rerank');
}

/** `parameters` as `ollama show` prints them: a name and a value on each line. */
const parametersText = ({ parameters }: ModelManifest): string =>
  Object.entries(parameters)
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((each) => [name, each] as const))
    .map(([name, value]) => `${name.padEnd(30)} ${typeof value === 'string' ? JSON.stringify(value) : value}`)
    .join('\n');

/** `134.5M` as a number; 0 where it says something else. */
function parameterCount(size: string): number {
  const match = /^([\d.]+)\s*([KMBT]?)$/i.exec(size.trim());
  const scale = { '': 1, K: 1e3, M: 1e6, B: 1e9, T: 1e12 }[(match?.[2] ?? '').toUpperCase()] ?? 1;
  return match === null ? 0 : Math.round(Number(match[1]) * scale);
}

/**
 * The answer of /api/show.
 *
 * @param template the chat template in Jinja; empty where it is not known
 */
export function ollamaShow(
  { manifest, record }: { manifest: ModelManifest; record: ModelRecord },
  template: string,
): OllamaShowResponse {
  const { lineage, messages, licenceText } = record;
  const own = manifest.files.some(({ role }) => role === 'template') ? template : null;
  return {
    license: licenceText ?? manifest.licence,
    modelfile: modelfileText({ manifest, record }, own === '' ? null : own),
    parameters: parametersText(manifest),
    template,
    ...(manifest.system !== null && { system: manifest.system }),
    ...(messages.length > 0 && { messages }),
    details: detailsOf(manifest, lineage[0] ?? ''),
    model_info: {
      'general.architecture': manifest.family,
      'general.parameter_count': parameterCount(manifest.parameterSize),
      'general.license': manifest.licence,
      [`${manifest.family}.context_length`]: manifest.contextLength,
      ...(manifest.embeddingLength !== null && {
        [`${manifest.family}.embedding_length`]: manifest.embeddingLength,
      }),
      'nanite.source': manifest.source,
      ...(lineage.length > 0 && { 'nanite.lineage': lineage }),
    },
    capabilities: capabilitiesOf(manifest),
    modified_at: manifest.modifiedAt,
  };
}
