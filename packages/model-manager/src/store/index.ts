export { type Taken, wrongHash } from './blobs';
export { syncFolder } from './durable';
export { hashFile } from './hash';
export { Layout, partKey } from './layout';
export { fullName, safeFileName } from './names';
export { asSpaceError, type Reservation } from './space';
export { Store, type StoreOptions } from './store';
export { checkBlob, relink, restoreFromModel, withdraw, type Fault } from './verify';
export { holders } from './references';
