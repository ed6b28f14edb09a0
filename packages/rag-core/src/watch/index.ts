export { Watcher, type WatcherEvents } from './watcher';
export { fallAsleep, wakeUp, type Followed } from './asleep';
