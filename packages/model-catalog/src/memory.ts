import type { CatalogueMemory, CatalogueModel, CatalogueVariant } from '@nanite/contracts';

/**
 * Bits a weight takes, all tensors of a model taken together, as llama.cpp's llama-quantize documents them for
 * Llama 3.1 8B (tools/quantize/README.md); for Q4_0 and Q4_1, which it leaves out, the block formats themselves: 18 and
 * 20 bytes for 32 weights. Small models keep more in their large embedding tables, so that a known file
 * size always wins over this.
 */
export const bitsPerWeight: Readonly<Record<string, number>> = {
  Q2_K: 3.1593,
  Q3_K_M: 3.996,
  Q4_0: 4.5,
  Q4_1: 5,
  Q4_K_S: 4.6672,
  Q4_K_M: 4.8944,
  Q5_K_S: 5.5704,
  Q5_K_M: 5.7036,
  Q6_K: 6.5633,
  Q8_0: 8.5008,
  F16: 16.0005,
};

/** What llama.cpp holds besides weights and cache for a batch of 512 tokens: scratch buffers and the logits. */
const computeBytes = 256 * 2 ** 20;
const estimatedContext = 4096;

/**
 * The estimate of docs/decisions/0090: weights + keys and values of 4,096 tokens at 16 bits + 256 MiB.
 *
 * Every layer is counted with a whole cache: for models with sliding windows (Gemma) it is an upper bound.
 *
 * @returns null where the shape of the model or its size is not known
 */
export function estimateMemory(model: CatalogueModel, variant: CatalogueVariant): CatalogueMemory | null {
  const { architecture, parameters } = model;
  if (architecture === null || variant.format !== 'gguf') return null;
  const bits = bitsPerWeight[variant.quantisation];
  const sizes = variant.files.map((file) => file.size);
  const known = sizes.length > 0 && sizes.every((size) => size !== null);
  let weightsBytes: number;
  if (known) weightsBytes = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  else if (parameters !== null && bits !== undefined) weightsBytes = Math.ceil((parameters * bits) / 8);
  else return null;
  const kvBytesPerToken = 2 * 2 * architecture.layers * architecture.kvHeads * architecture.headSize;
  const context = Math.min(estimatedContext, model.contextLength ?? estimatedContext);
  return {
    estimate: true,
    weightsBytes,
    kvBytesPerToken,
    totalBytes: weightsBytes + kvBytesPerToken * context + computeBytes,
  };
}
