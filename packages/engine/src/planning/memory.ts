export {
  leastContext,
  llamaBase,
  mebibyte,
  needFromFit,
  onnxNeed,
  parseFit,
  totalMemory,
  type FitSample,
  type MemoryNeed,
} from '@nanite/contracts';
