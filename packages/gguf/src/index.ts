/** GGUF, as far as more than one package knows it: its numbers for types, and a writer for tests. */
export { fileTypes, tensorTypes, unusableTypes, type TensorType } from './tensor-types';
export { valueTypes, type ValueType } from './value-types';
export {
  ggufFile,
  ggufHeader,
  metadataOf,
  type Written,
  type WrittenFile,
  type WrittenTensor,
} from './write';
