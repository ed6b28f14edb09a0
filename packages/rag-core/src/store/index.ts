export type { Value } from './binding';
export type { Outcome } from './connection';
export type { Database } from './database';
export { lockIndex } from './lock';
export { distrust, openDatabase, type Opened } from './open';
