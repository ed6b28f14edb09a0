export { Bytes, Gpu, GpuBackend, GpuVendor, HardwareAdvice, HardwareReport } from './hardware';
export { ModelCapability, ModelId, ModelManifest, ModelName, Sha256 } from './model';
export {
  CatalogueArchitecture,
  CatalogueFamily,
  CatalogueFile,
  CatalogueKind,
  CatalogueMemory,
  CatalogueModel,
  CatalogueVariant,
  findInCatalogue,
} from './model-catalog';
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
export { ApiFailure } from './api-failure';
export { linesOverSocket, openOverSocket, requestOverSocket, type SocketRequest } from './socket-request';
export {
  CliSettings,
  EngineSettings,
  GatewaySettings,
  ModelSettings,
  Settings,
  userSections,
} from './settings';
export {
  CopyRequest,
  CreateRequest,
  Digest,
  DiskUsage,
  ExportRequest,
  Fit,
  FitAnswer,
  FitRequest,
  GarbageReport,
  ImportRequest,
  Job,
  JobAction,
  JobId,
  JobList,
  ModelDetails,
  ModelRecord,
  ModelStoreClient,
  ModelfileRequest,
  ParsedModelfile,
  PinRequest,
  ProgressEvent,
  PullRequest,
  ReferenceText,
  RemoveAnswer,
  StoredModel,
  StoredModelList,
  UpdateEntry,
  UpdateList,
  UpdateRequest,
  VerifyReport,
  VerifyRequest,
  actingForHeader,
  modelStorePaths,
} from './model-store';
export { CommandArgument, CommandDescriptor, CommandOption } from './command';
export { GatewayClient, type GatewayAddress } from './gateway-client';
export {
  GatewayBackend,
  GatewayLoaded,
  GatewayModel,
  GatewayNotice,
  GatewayStatus,
  Identity,
} from './gateway';
export {
  OllamaChatRequest,
  OllamaChatResponse,
  OllamaEmbedRequest,
  OllamaEmbedResponse,
  OllamaEmbeddingsRequest,
  OllamaEmbeddingsResponse,
  OllamaError,
  OllamaFormat,
  OllamaGenerateRequest,
  OllamaGenerateResponse,
  OllamaMessage,
  OllamaModelDetails,
  OllamaOptions,
  OllamaPs,
  OllamaShowRequest,
  OllamaShowResponse,
  OllamaTags,
  OllamaThink,
  OllamaTool,
  OllamaToolCall,
  OllamaVersion,
} from './ollama';
export {
  OllamaCopyRequest,
  OllamaCreateRequest,
  OllamaDeleteRequest,
  OllamaProgress,
  OllamaPullRequest,
} from './ollama-models';
export { OpenAiError, OpenAiModel, OpenAiModelDeleted, OpenAiModelList, OpenAiRequest } from './openai';
export { AnthropicError, AnthropicModelList, AnthropicRequest } from './anthropic';
export { GatewayBackendSettings } from './settings/gateway';
export { chooseBackend, type Backend, type BackendChoice } from './planning/backend';
export {
  batchTokens,
  largestShape,
  leastContext,
  llamaBase,
  mebibyte,
  needFromFit,
  onnxNeed,
  parseFit,
  totalMemory,
  type FitSample,
  type MemoryNeed,
  type WantedShape,
} from './planning/memory';
