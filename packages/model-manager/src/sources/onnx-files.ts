import { basename } from 'node:path';

/** What transformers.js and optimum call the same precision in file names. */
const spellings: Record<string, string[]> = {
  q8: ['quantized', 'int8', 'uint8'],
  int8: ['int8', 'quantized'],
  f16: ['fp16'],
  f32: [''],
  fp32: [''],
};

/** The ONNX file that a quantisation means, by transformers.js's names; without one the full model, or the only one. */
export function chooseOnnx(paths: readonly string[], quantisation: string | null): string | null {
  const byName = (name: string): string | undefined =>
    paths.find((path) => basename(path).toLowerCase() === name);
  if (quantisation === null) return byName('model.onnx') ?? (paths.length === 1 ? (paths[0] ?? null) : null);
  const wanted = quantisation.toLowerCase();
  for (const suffix of [wanted, ...(spellings[wanted] ?? [])]) {
    const found = byName(suffix === '' ? 'model.onnx' : `model_${suffix}.onnx`);
    if (found !== undefined) return found;
  }
  return null;
}
