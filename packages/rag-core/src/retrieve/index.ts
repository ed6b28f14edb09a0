export { untilTheDrop } from './drop';
export { calibrated } from './probability';
export { GatewayReranker, type GatewayRerankerOptions } from './gateway-reranker';
export type { Candidate, RetrieveParts } from './parts';
export type { Reranker } from './rerank';
export { retrieve, type Retrieved, type Wanted } from './retrieve';
