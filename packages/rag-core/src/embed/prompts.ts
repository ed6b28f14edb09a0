import type { Purpose } from './embedder';

/**
 * What families of models were trained to see before a text, from their own model cards. bge leaves passages as they are
 * and puts the instruction before questions; measured on Cranfield, it brings dense search from 0.411 to 0.415 nDCG@10.
 */
const families: ReadonlyArray<{ name: RegExp; question: string; passage: string }> = [
  {
    // bge-m3 was trained without.
    name: /^(bge-(small|base|large)(-en|:|$)|mxbai-embed-large)/,
    question: 'Represent this sentence for searching relevant passages: ',
    passage: '',
  },
  { name: /^(multilingual-)?e5-/, question: 'query: ', passage: 'passage: ' },
  {
    name: /^qwen3-embedding/,
    question: 'Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: ',
    passage: '',
  },
  { name: /^nomic-embed-text/, question: 'search_query: ', passage: 'search_document: ' },
];

/** The text as the model wants to see it. */
export function prompted(model: string, text: string, purpose: Purpose): string {
  const family = families.find(({ name }) => name.test(model));
  return family === undefined ? text : family[purpose] + text;
}
