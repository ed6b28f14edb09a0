import { expect, it } from 'vitest';
import { place, type MemoryNeed } from './memory';
import { batchTokens, onnxNeed } from './onnx';

const MB = 1e6;
const small = onnxNeed({ weightsBytes: 34_014_426, embeddingLength: 384 });

/** The peaks that were seen are compared in tests/packages/memory.test.ts; here the parts, measured one by one. */
it('has the attention of a batch as the larger part: 59.8 MB for 1,024 tokens of context 512, 59 seen', () => {
  expect(small.working(512, 1) / MB).toBeCloseTo(59.8, 0);
});

it('has the feed-forward part where inputs are short', () => {
  expect(small.working(32, 1)).toBe(batchTokens * 4 * 14 * 384);
});

it('takes an input that is longer than a batch whole', () => {
  expect(small.working(8192, 1)).toBeGreaterThan(4 * small.working(2048, 1));
});

it('grows with the weights by what parsing, copying and packing leave', () => {
  const larger = onnxNeed({ weightsBytes: 134_014_426, embeddingLength: 384 });
  const memory = (need: MemoryNeed) => place(need, 512, 1, { backend: 'cpu', vramBytes: 0 }).memoryBytes;
  expect(memory(larger) - memory(small)).toBeCloseTo(260 * MB, -3);
});
