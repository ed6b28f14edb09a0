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
export { CommandArgument, CommandDescriptor, CommandOption } from './command';
export { GatewayClient, type GatewayAddress } from './gateway-client';
export { GatewayBackend, GatewayLoaded, GatewayModel, GatewayNotice, GatewayStatus, Identity } from './gateway';
export {
  OllamaChatRequest,
  OllamaChatResponse,
  OllamaError,
  OllamaMessage,
  OllamaModelDetails,
  OllamaOptions,
  OllamaPs,
  OllamaShowResponse,
  OllamaTags,
} from './ollama';
