import type { CatalogueModel } from '@nanite/contracts';

/**
 * What a model's number of parameters is the sum of, besides the shape that its entry has: sizes of the hidden state, of the
 * feed-forward part, of the vocabulary; heads of queries; whether the embedding table is the output's too.
 */
interface Dimensions {
  kind: 'llama' | 'qwen2' | 'qwen3' | 'qwen3moe' | 'gemma2' | 'gemma3' | 'phi3' | 'starcoder2';
  hidden: number;
  feedForward: number;
  vocabulary: number;
  heads: number;
  tied: boolean;
}

const dimensions: Readonly<Record<string, Dimensions>> = Object.fromEntries(
  (
    [
      ['llama3:8b llama3.1:8b deepseek-r1:8b', 'llama', 4096, 14336, 128256, 32, false],
      ['llama3.1:70b llama3.3:70b deepseek-r1:70b', 'llama', 8192, 28672, 128256, 64, false],
      ['llama3.2:1b', 'llama', 2048, 8192, 128256, 32, true],
      ['llama3.2:3b', 'llama', 3072, 8192, 128256, 24, true],
      ['mistral:7b', 'llama', 4096, 14336, 32768, 32, false],
      ['mistral-nemo:12b', 'llama', 5120, 14336, 131072, 32, false],
      ['codellama:7b', 'llama', 4096, 11008, 32016, 32, false],
      ['deepseek-coder:1.3b', 'llama', 2048, 5504, 32256, 16, false],
      ['deepseek-coder:6.7b', 'llama', 4096, 11008, 32256, 32, false],
      ['smollm2:135m', 'llama', 576, 1536, 49152, 9, true],
      ['smollm2:360m', 'llama', 960, 2560, 49152, 15, true],
      ['smollm2:1.7b', 'llama', 2048, 8192, 49152, 32, true],
      ['qwen2.5:0.5b qwen2.5-coder:0.5b', 'qwen2', 896, 4864, 151936, 14, true],
      ['qwen2.5:1.5b qwen2.5-coder:1.5b', 'qwen2', 1536, 8960, 151936, 12, true],
      ['deepseek-r1:1.5b', 'qwen2', 1536, 8960, 151936, 12, false],
      ['qwen2.5:3b', 'qwen2', 2048, 11008, 151936, 16, true],
      ['qwen2.5:7b qwen2.5-coder:7b deepseek-r1:7b', 'qwen2', 3584, 18944, 152064, 28, false],
      ['qwen2.5:14b qwen2.5-coder:14b deepseek-r1:14b', 'qwen2', 5120, 13824, 152064, 40, false],
      ['qwen2.5:32b qwen2.5-coder:32b deepseek-r1:32b', 'qwen2', 5120, 27648, 152064, 40, false],
      ['qwen2.5:72b', 'qwen2', 8192, 29568, 152064, 64, false],
      ['qwen3:0.6b', 'qwen3', 1024, 3072, 151936, 16, true],
      ['qwen3:1.7b', 'qwen3', 2048, 6144, 151936, 16, true],
      ['qwen3:4b', 'qwen3', 2560, 9728, 151936, 32, true],
      ['qwen3:8b', 'qwen3', 4096, 12288, 151936, 32, false],
      ['qwen3:14b', 'qwen3', 5120, 17408, 151936, 40, false],
      ['qwen3:32b', 'qwen3', 5120, 25600, 151936, 64, false],
      ['qwen3:30b', 'qwen3moe', 2048, 768, 151936, 32, false],
      ['gemma2:2b', 'gemma2', 2304, 9216, 256000, 8, true],
      ['gemma2:9b', 'gemma2', 3584, 14336, 256000, 16, true],
      ['gemma2:27b', 'gemma2', 4608, 36864, 256000, 32, true],
      ['gemma3:270m', 'gemma3', 640, 2048, 262144, 4, true],
      ['gemma3:1b', 'gemma3', 1152, 6912, 262144, 4, true],
      ['phi3:mini phi3.5:3.8b', 'phi3', 3072, 8192, 32064, 32, false],
      ['phi3:medium', 'phi3', 5120, 17920, 32064, 40, false],
      ['phi4:14b', 'phi3', 5120, 17920, 100352, 40, false],
      ['starcoder2:3b', 'starcoder2', 3072, 12288, 49152, 24, true],
      ['starcoder2:7b', 'starcoder2', 4608, 18432, 49152, 36, true],
    ] as const
  ).flatMap(([names, kind, hidden, feedForward, vocabulary, heads, tied]) =>
    names.split(' ').map((name) => [name, { kind, hidden, feedForward, vocabulary, heads, tied }] as const),
  ),
);

const experts = 128;

/**
 * The number of parameters that follows from a model's shape; null where its dimensions are not written down here.
 *
 * Layers, heads and the published number of parameters of an entry come from the same memory; that they add up to the last
 * digit says that none of them is wrong: docs/decisions/0097.
 */
export function parametersByShape({ name, architecture }: CatalogueModel): number | null {
  const of = dimensions[name];
  if (of === undefined || architecture === null) return null;
  const { kind, hidden, feedForward, vocabulary, heads, tied } = of;
  const { layers, kvHeads, headSize } = architecture;
  const queries = heads * headSize;
  const keys = kvHeads * headSize;
  const attention = 2 * hidden * queries + 2 * hidden * keys;
  const embeddings = vocabulary * hidden * (tied ? 1 : 2);
  if (kind === 'starcoder2') {
    // Biases everywhere, two matrices instead of three, norms of two vectors.
    const layer =
      attention +
      (queries + 2 * keys + hidden) +
      (2 * hidden * feedForward + feedForward + hidden) +
      4 * hidden;
    return embeddings + layers * layer + 2 * hidden;
  }
  const norms = (kind.startsWith('gemma') ? 4 : 2) * hidden;
  const extra =
    kind === 'qwen2'
      ? queries + 2 * keys
      : kind === 'llama' || kind === 'phi3' || kind === 'gemma2'
        ? 0
        : 2 * headSize;
  const forward =
    kind === 'qwen3moe' ? experts * (3 * hidden * feedForward + hidden) : 3 * hidden * feedForward;
  return embeddings + layers * (attention + extra + forward + norms) + hidden;
}
