import type { Hit } from '@nanite/contracts';
import { isCommon, wordsOf } from '../words/stems';

/**
 * Share of the best hit's probability below which another is not worth a look. On Cranfield, ADI, CISI, manual pages and a dictionary nothing
 * relevant among the first ten is below it; at a tenth ADI and the dictionary lose some.
 */
const ofTheBest = 1 / 20;

/** A few words that stand nowhere may still be met by what they mean, where the best passage is at least so likely. */
const likelyEnough = 0.03;
const fewWords = 2;

/**
 * Hits as far as they are worth listing: up to the drop behind those that speak of what was asked, and none where the words
 * stand nowhere and mean nothing that is there (`zzzqqq`). A whole question has its chance by meaning alone: likelihood is too strict with
 * short texts (docs/decisions/0109).
 *
 * @param known whether the model's cosines say how probable a hit is: else hits that meaning found look as unlikely as nonsense
 */
export function untilTheDrop(hits: Hit[], query: string, known: boolean): Hit[] {
  // A reranker's order is not that of these scores.
  if (!known || hits.some(({ ranks }) => ranks.rerank !== undefined)) return hits;
  const best = Math.max(0, ...hits.map(({ score }) => score));
  const words = wordsOf(query).filter((word) => !isCommon(word));
  const nowhere = hits.every(({ ranks }) => ranks.sparse === null);
  if (nowhere && words.length <= fewWords && best < likelyEnough) return [];
  return hits.filter(({ score }) => score >= best * ofTheBest);
}
