import type { GateFacts } from './facts';
import { refuse } from './refusal';

export interface ModelFile {
  /** Name in the model's folder. */
  name: string;
  size: number;
  /** Null for what the gate does not look into: a tokenizer, a template. */
  facts: GateFacts | null;
}

/**
 * Check what only all files of a model together can tell: that the parts of a split model are all there and belong to
 * each other, and that ONNX weights in other files are there and long enough.
 *
 * @throws Refusal
 */
export function checkTogether(files: readonly ModelFile[]): void {
  checkParts(files);
  for (const { name, facts } of files) {
    for (const { path, bytes } of facts?.externalData ?? []) {
      const beside = files.find((file) => file.name === path);
      if (!beside) {
        refuse(
          'external-data',
          `${name} needs ${path}, which is not there`,
          `get ${path} from where ${name} came from`,
        );
      }
      if (beside.size < bytes) {
        refuse(
          'truncated',
          `${path} has ${beside.size} bytes, and ${name} reads ${bytes}`,
          `get ${path} again`,
        );
      }
    }
  }
}

function checkParts(files: readonly ModelFile[]): void {
  const weights = files.filter(({ facts }) => facts?.format === 'gguf' && facts.role === 'weights');
  const parts = weights.filter(({ facts }) => facts!.split !== null);
  if (parts.length === 0) {
    if (weights.length > 1) {
      refuse('split', `these are ${weights.length} models, not one`, 'import one after the other');
    }
    return;
  }
  const { count } = parts[0]!.facts!.split!;
  const again = 'get all parts from one place';
  if (parts.some(({ facts }) => facts!.split!.count !== count) || weights.length !== parts.length) {
    refuse('split', 'these are parts of different models', again);
  }
  const indices = new Set(parts.map(({ facts }) => facts!.split!.index));
  if (indices.size !== parts.length) refuse('split', 'one part is there twice', again);
  if (parts.length !== count) {
    const missing = Array.from({ length: count }, (_, at) => at).filter((at) => !indices.has(at));
    refuse('split', `of ${count} parts these are missing: ${missing.map((at) => at + 1).join(', ')}`, again);
  }
  const architecture = parts.find(({ facts }) => facts!.split!.index === 0)!.facts!.architecture;
  const total = parts[0]!.facts!.splitTensors;
  const found = parts.reduce((sum, { facts }) => sum + facts!.tensors, 0);
  if (parts.some(({ facts }) => facts!.splitTensors !== total) || (total !== null && total !== found)) {
    refuse('split', `the parts hold ${found} tensors, and the model (${architecture}) has ${total}`, again);
  }
  const prefix = /^(.*)-\d{5}-of-\d{5}\.gguf$/.exec(parts[0]!.name)?.[1];
  for (const { name, facts } of parts) {
    const expected = splitName(prefix ?? 'model', facts!.split!.index, count);
    if (name !== expected) {
      refuse(
        'split',
        `${name} is part ${facts!.split!.index + 1} of ${count}, and llama.cpp looks for ${expected}`,
        again,
      );
    }
  }
}

/** Name by which llama.cpp finds a part (llama_split_path). @param index from 0 */
export function splitName(prefix: string, index: number, count: number): string {
  const digits = (number: number) => String(number).padStart(5, '0');
  return `${prefix}-${digits(index + 1)}-of-${digits(count)}.gguf`;
}
