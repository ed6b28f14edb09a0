export { exportCollection } from './export';
export { importCollection, type Imported } from './import';
