export { Bytes, Gpu, GpuBackend, GpuVendor, HardwareAdvice, HardwareReport } from './hardware';
export { ModelCapability, ModelId, ModelManifest, ModelName, Sha256 } from './model';
export {
  ApiError,
  EngineStatus,
  ModelEntry,
  ModelList,
  Worker,
  WorkerEmbeddings,
  WorkerEmbeddingsRequest,
  WorkerFault,
  WorkerList,
  WorkerOptions,
  WorkerPlan,
  WorkerRequest,
} from './engine';
export { EngineClient } from './engine-client';
export { ApiFailure, requestOverSocket, type SocketRequest } from './socket-request';
export { CliSettings, EngineSettings, GatewaySettings, Settings, userSections } from './settings';
