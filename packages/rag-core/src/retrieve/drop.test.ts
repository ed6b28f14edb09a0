import type { Hit } from '@nanite/contracts';
import { expect, it } from 'vitest';
import { untilTheDrop } from './drop';

const hit = (score: number, sparse: number | null = 1, rerank?: number): Hit => ({
  passage: {} as Hit['passage'],
  score,
  ranks: { sparse, dense: 1, name: null, ...(rerank !== undefined && { rerank }) },
  duplicates: [],
});
const listed = (hits: Hit[], query = 'warranty of the Kestrel', known = true) =>
  untilTheDrop(hits, query, known).map(({ score }) => score);

it('ends behind what speaks of it', () => {
  expect(listed([hit(0.87), hit(0.11), hit(0.009), hit(0.004)])).toEqual([0.87, 0.11]);
});

it('keeps what is close, however little all of it is', () => {
  expect(listed([hit(0.009), hit(0.006), hit(0.001)])).toEqual([0.009, 0.006, 0.001]);
});

it('finds nothing where the words stand nowhere and mean nothing', () => {
  expect(listed([hit(0.02, null), hit(0.01, null)], 'zzzqqq')).toEqual([]);
});

it.each([
  ['one that means something there', [hit(0.05, null)], 'photovoltaics'],
  ['one word that stands there', [hit(0.02, 1)], 'zzzqqq'],
  ['a whole question in other words', [hit(0.008, null)], 'which pet is awake in the dark'],
])('but not %s', (_what, hits, query) => expect(listed(hits, query)).toHaveLength(1));

it('leaves a reranker’s order and the hits of other models alone', () => {
  expect(listed([hit(0.01, 1, 1), hit(0.9, 1, 2)])).toHaveLength(2);
  expect(listed([hit(0.9), hit(0.024)], 'x', false)).toHaveLength(2);
});
