export { chooseBackend, type Backend, type BackendChoice } from './backend';
export {
  bytesOfFiles,
  checkpoints,
  llamaBase,
  llamaUse,
  needFromFit,
  parseFit,
  unknownVocabulary,
  useEnvironment,
  type FitSample,
  type LlamaUse,
} from './llama';
export {
  largestShape,
  leastContext,
  mebibyte,
  place,
  type MemoryNeed,
  type Placement,
  type WantedShape,
} from './memory';
export { batchTokens, onnxNeed, type OnnxModel } from './onnx';
