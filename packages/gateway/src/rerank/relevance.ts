import type { Target } from '../models/target';

/**
 * Families whose graph in llama.cpp ends in a softmax over yes and no (llama-graph.cpp, LLAMA_POOLING_TYPE_RANK): what they
 * give is between 0 and 1 already. All others give a logit.
 */
const endsInSoftmax = /^qwen3/i;

const logistic = (logit: number): number => 1 / (1 + Math.exp(-logit));

/** What a model's last layer gave, as a number between 0 and 1. */
export function relevanceOf(target: Target, score: number): number {
  const ready =
    target.kind === 'backend'
      ? // vLLM and its like answer between 0 and 1 by themselves; a llama-server as ours does.
        target.backend.kind === 'openai' || endsInSoftmax.test(target.model)
      : target.entry.manifest.format === 'gguf' && endsInSoftmax.test(target.entry.manifest.family);
  return Math.min(1, Math.max(0, ready ? score : logistic(score)));
}
