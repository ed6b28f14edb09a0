export { Watcher, type WatcherEvents } from './watcher';
