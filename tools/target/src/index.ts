export { Machine, type RunOptions, type RunResult } from './machine';
