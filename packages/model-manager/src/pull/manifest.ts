import type { ModelCapability, ModelManifest } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import type { GateFacts } from '../gate/facts';
import type { ResolvedModel } from '../sources/resolved';
import { safeFileName } from '../store';

type ManifestFile = ModelManifest['files'][number];

/** A file that is in the store, and what the gate says of it; null for one that no engine parses as a model. */
export interface CheckedFile {
  role: ManifestFile['role'];
  name: string;
  sha256: string;
  size: number;
  facts: GateFacts | null;
}

/** Names of files under which engines look for them in a model's folder, whatever the source calls them. */
const fixedNames: Partial<Record<ManifestFile['role'], string>> = {
  tokenizer: 'tokenizer.json',
  'tokenizer-config': 'tokenizer_config.json',
  config: 'config.json',
};

/** `134.52M`, `8.0B`: as Ollama writes a number of parameters. */
export function parameterSize(count: number | null): string {
  if (count === null || count === 0) return 'unknown';
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)}B`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(2)}M`;
  return `${(count / 1e3).toFixed(2)}K`;
}

/** Files under names that suit a folder; parts of a split model keep theirs, by which llama.cpp finds them. */
function filesOf(files: readonly CheckedFile[]): ManifestFile[] {
  const taken = new Set<string>();
  return files.map(({ role, name, sha256, size, facts }) => {
    const path = safeFileName(fixedNames[facts?.role ?? role] ?? name, taken);
    taken.add(path);
    return { role: facts?.role ?? role, path, sha256, size };
  });
}

/**
 * The manifest of a model: what the gate read in the header, and what only the source knows.
 *
 * @throws NaniteError `refused-model` 422 where there are no weights, or parts are missing
 */
export function manifestOf(
  id: string,
  name: string,
  checked: readonly CheckedFile[],
  { source, hints }: Pick<ResolvedModel, 'source' | 'hints'>,
): ModelManifest {
  const files = [...checked].sort((a, b) => order(a) - order(b));
  const weights = files.filter(({ facts }) => facts?.role === 'weights');
  const first = weights[0]?.facts;
  if (first === undefined || first === null) {
    throw refused(`${name} has no weights that an engine here could run`);
  }
  const named = filesOf(files);
  const parameters = weights.reduce((sum, { facts }) => sum + (facts?.parameters ?? 0), 0);
  const ofProjectors = files.flatMap(({ facts }) => (facts?.role === 'projector' ? facts.capabilities : []));
  const capabilities = new Set([
    ...first.capabilities,
    ...ofProjectors,
    ...withoutSenses(hints.capabilities ?? []),
  ]);
  if (capabilities.size === 0) capabilities.add('completion');
  return {
    schema: 1,
    id,
    name,
    aliases: [],
    description: hints.description ?? first.name ?? name,
    format: first.format,
    family: first.architecture,
    parameterSize: parameterSize(parameters),
    quantisation: first.quantisation,
    capabilities: [...capabilities],
    toolCalling: needsAsking(first.architecture, parameters) ? 'asked' : 'native',
    contextLength: first.contextLength,
    embeddingLength: first.embeddingLength,
    pooling: first.pooling,
    normalise: true,
    licence: hints.licence ?? first.licence ?? 'LicenseRef-unknown',
    files: named,
    parameters: hints.parameters ?? {},
    system: hints.system ?? null,
    source,
    modifiedAt: new Date().toISOString(),
  };
}

/** What a model can do whatever lies beside it: only a projector that is there sees and hears. */
export const withoutSenses = (capabilities: readonly ModelCapability[]): ModelCapability[] =>
  capabilities.filter((each) => each !== 'vision' && each !== 'audio');

/** Qwen 2.5 below 2 billion parameters calls a tool for every question (docs/benchmarks.md, "tools"). */
const needsAsking = (architecture: string, parameters: number): boolean =>
  architecture === 'qwen2' && parameters < 2e9;

/** Weights first, in the order of their parts: the engine opens the first. */
const order = ({ facts, role }: CheckedFile): number =>
  (facts?.role ?? role) === 'weights' ? (facts?.split?.index ?? 0) : 1_000_000;

function refused(message: string): NaniteError {
  return new NaniteError('refused-model', message, {
    status: 422,
    hint: 'Nanite runs GGUF files, and ONNX models for embeddings',
  });
}
