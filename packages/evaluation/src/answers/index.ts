export { files } from './files';
export { swapped, swappedQuestions, type SwappedQuestion } from './questions';
