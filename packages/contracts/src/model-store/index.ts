export { actingForHeader, modelStorePaths } from './api';
export {
  DiskUsage,
  Fit,
  FitAnswer,
  GarbageReport,
  ModelDetails,
  ModelRecord,
  ParsedModelfile,
  RemoveAnswer,
  StoredModel,
  StoredModelList,
  UpdateEntry,
  UpdateList,
  VerifyReport,
} from './answers';
export { ModelStoreClient } from './client';
export { modelfileText } from './modelfile-text';
export { Digest, Job, JobAction, JobId, JobList, ProgressEvent } from './progress';
export {
  CopyRequest,
  CreateRequest,
  ExportRequest,
  FitRequest,
  ImportRequest,
  ModelfileRequest,
  PinRequest,
  PullRequest,
  ReferenceText,
  UpdateRequest,
  VerifyRequest,
} from './requests';
