export { Bytes, Gpu, GpuBackend, GpuVendor, HardwareAdvice, HardwareReport } from './hardware';
export { ModelCapability, ModelId, ModelManifest, ModelName, Sha256 } from './model';
export {
  ApiError,
  EngineStatus,
  ModelEntry,
  ModelList,
  Worker,
  WorkerList,
  WorkerOptions,
  WorkerPlan,
  WorkerRequest,
} from './engine';
export { Settings } from './settings';
