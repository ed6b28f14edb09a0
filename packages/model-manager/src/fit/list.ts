import { type StoredModel } from '@nanite/contracts';
import { bytesOfFiles, llamaUse, needFromFit, onnxNeed } from '@nanite/planning';
import type { Bandwidth } from './bandwidth';
import { fitHere } from './fit';
import type { Known } from './known';
import { thisMachine } from './machine';

/**
 * The same models, each with whether it runs here as far as that is known: what is not is asked in the background, one
 * model after the other, and there for the next list.
 */
export function withFit(models: StoredModel[], known: Known, bandwidth: Bandwidth): StoredModel[] {
  if (models.length === 0) return models;
  const here = thisMachine(bandwidth.get());
  return models.map((model) => {
    const { manifest } = model;
    const bytes = bytesOfFiles(manifest.files);
    const common = {
      quantisation: manifest.quantisation,
      format: manifest.format,
      contextLength: manifest.contextLength,
      activeShare: 1,
    };
    if (manifest.format === 'onnx') {
      const need = onnxNeed({
        weightsBytes: bytes.weights,
        embeddingLength: manifest.embeddingLength ?? 1024,
      });
      return { ...model, fit: fitHere({ ...common, need, basis: 'header' }, here) };
    }
    const samples = known.samples(model, here.cache);
    if (!samples) return model;
    const need = needFromFit(...samples, bytes, llamaUse(manifest.capabilities));
    return { ...model, fit: fitHere({ ...common, need, basis: 'llama.cpp' }, here) };
  });
}
