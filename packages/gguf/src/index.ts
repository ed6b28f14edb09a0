/** GGUF, as far as more than one package knows it: its numbers for types, a reader of metadata, and a writer for tests. */
export { fileTypes, tensorTypes, unusableTypes, type TensorType } from './tensor-types';
export { readGgufMetadata, type GgufValue } from './read-metadata';
export { valueTypes, type ValueType } from './value-types';
export {
  ggufFile,
  ggufHeader,
  metadataOf,
  type Written,
  type WrittenFile,
  type WrittenTensor,
} from './write';
