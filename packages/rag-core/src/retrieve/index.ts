export type { Candidate, Reranker, RetrieveParts } from './parts';
export { retrieve, type Retrieved, type Wanted } from './retrieve';
