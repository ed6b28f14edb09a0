export { planWorker, type MeasuredThreads, type PlanInput } from './planning/plan';
