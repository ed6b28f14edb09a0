export { Store, type StoreOptions } from './store';
