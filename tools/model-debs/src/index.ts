export { allowedLicences, checkLicence } from './licence';
export { PackagedModel, readModel } from './model';
export { stageModel } from './stage';
