export { ndcg, pairedRandomisation, recall, reciprocalRank } from './measures';
