export { chooseBackend, type Backend, type BackendChoice } from './backend';
export { llamaBase, needFromFit, parseFit, type FitSample } from './llama';
export {
  largestShape,
  leastContext,
  mebibyte,
  totalMemory,
  type MemoryNeed,
  type WantedShape,
} from './memory';
export { batchTokens, onnxNeed, type OnnxModel } from './onnx';
