import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { collectionOf, inChanceOrder, tidy, type Collection, type Pair } from './collection';
import { unpacked } from './packages';

/** Letters of the part of an article that is left when its first sentence is the question. */
const leastText = 250;

/** An article without its headwords, its subjects (`<messaging>`), the braces of its references and its date. */
function pairOf(article: string): Pair | null {
  const [head, ...paragraphs] = article.split(/\n\s*\n/);
  const id = head!.split('\n')[0]!.trim();
  const text = tidy(paragraphs.join('\n'))
    .replaceAll(/[{}]/g, '')
    .replace(/^(?:<[^>]*>|\([^)]*\)|\d+\.|\s)+/, '')
    .replace(/\s*\(\d{4}-\d\d-\d\d\)\s*$/, '');
  const sentence = /^.{20,300}?[a-z)][.](?= [A-Z])/.exec(text)?.[0];
  if (sentence === undefined || text.length - sentence.length < leastText) return null;
  return { id, question: sentence, text: text.slice(sentence.length).trim().slice(0, 1000) };
}

/**
 * The Free On-line Dictionary of Computing: the first sentence of an article says what a thing is, and is the question that
 * the rest of the article answers.
 */
export async function dictionary(folder: string, most: number): Promise<Collection> {
  const root = join(folder, 'unpacked');
  await unpacked(['dict-foldoc'], root);
  const all = gunzipSync(readFileSync(join(root, 'usr/share/dictd/foldoc.dict.dz'))).toString('utf8');
  const articles = all.split(/\n(?=\S)/).filter((article) => /\n\s*\n/.test(article));
  const pairs = inChanceOrder(articles, (article) => article).map(pairOf);
  return collectionOf(
    pairs.filter((pair) => pair !== null),
    most,
  );
}
