export { copyModel, createModel } from './create';
export { Puller, type Asked, type Report } from './pull';
export type { FetchSettings, PullTools } from './tools';
export { listUpdates, updateModel } from './update';
