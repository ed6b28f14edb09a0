export { planWorker, type MeasuredThreads, type PlanInput } from './planning/plan';
export { chooseBackend, type Backend, type BackendChoice } from './planning/backend';
export { totalMemory, type MemoryNeed } from './planning/memory';
