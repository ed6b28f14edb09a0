import { mebibyte, type MemoryNeed } from './memory';

/** What is known of an ONNX embedding model. */
export interface OnnxModel {
  weightsBytes: number;
  /** Components of its vectors, which are those of its layers. */
  embeddingLength: number;
}

/** Padded tokens of one batch of the ONNX worker: more gains no speed on a CPU, and activations grow with it. */
export const batchTokens = 1024;

/**
 * The ONNX worker's peak, in the parts that onnxruntime has without its memory arena (docs/decisions/0046; measured with
 * bge-small, 34 MB in int8):
 *
 * - base: Node with onnxruntime's libraries takes 66 MB; the worker with a tokenizer of 30,000 words 24 more; texts, vectors
 *   and what V8 has not collected of them up to 30.
 * - weights: the file as it is parsed, whose memory the allocator keeps; the tensors copied out of it; and the matrices of
 *   the layers packed as the processor's instructions want them, 0.6 of the file (0.44 measured without the embeddings' table).
 * - working: of all layers one is computed at a time. Its attention holds each head's scores of a batch against its context
 *   before and after the softmax, beside queries, keys, values, the residual and the mask's sum; its feed-forward part holds
 *   three vectors of four times the components beside the residual. The larger of both counts, in 32 bits.
 */
export function onnxNeed({ weightsBytes, embeddingLength }: OnnxModel): MemoryNeed {
  return {
    base: onnxBase,
    weights: weightsBytes,
    weightsOnCpu: Math.ceil(weightsBytes * 2.6),
    working: (context) => {
      const attention = 2 * headsOf(embeddingLength) * context + 6 * embeddingLength;
      const feedForward = 14 * embeddingLength;
      return Math.max(batchTokens, context) * 4 * Math.max(attention, feedForward);
    },
    passing: 0,
  };
}

const onnxBase = 115 * mebibyte;

/** Heads are 64 components wide, but 32 in the small ones (MiniLM, bge-small, e5-small): neither is in a manifest. */
const headsOf = (embeddingLength: number): number => embeddingLength / (embeddingLength <= 384 ? 32 : 64);
