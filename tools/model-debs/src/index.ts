export { allowedLicences, checkLicence } from './licence';
export { PackagedModel, readModel } from './model';
export { readGgufMetadata } from './gguf';
export { stageModel } from './stage';
