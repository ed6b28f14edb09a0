/** How the vectors of an input's tokens become one (manifest `pooling`). */
export type Pooling = 'cls' | 'mean' | 'last';

/**
 * Pool one input out of a batch.
 *
 * @param hidden last hidden state of the batch, shape [batch, tokens, components], row by row
 * @param row which input
 * @param tokens padded length of the batch
 * @param length tokens of this input that are not padding
 * @param components length of a vector
 * @param normalise whether the result has length 1
 */
export function pool(
  hidden: Float32Array,
  row: number,
  tokens: number,
  length: number,
  components: number,
  pooling: Pooling,
  normalise: boolean,
): Float32Array {
  const start = row * tokens * components;
  const pooled = new Float32Array(components);
  if (pooling === 'mean') {
    for (let token = 0; token < length; token++) {
      const at = start + token * components;
      for (let i = 0; i < components; i++) pooled[i]! += hidden[at + i]!;
    }
    for (let i = 0; i < components; i++) pooled[i]! /= length;
  } else {
    const at = start + (pooling === 'cls' ? 0 : length - 1) * components;
    pooled.set(hidden.subarray(at, at + components));
  }
  return normalise ? toUnitLength(pooled) : pooled;
}

/** Scale a vector to length 1, in place; a zero vector stays. */
export function toUnitLength(vector: Float32Array): Float32Array {
  let square = 0;
  for (const component of vector) square += component * component;
  const norm = Math.sqrt(square);
  if (norm > 0) for (let i = 0; i < vector.length; i++) vector[i]! /= norm;
  return vector;
}
