import { expect, it } from 'vitest';
import { scoreByTeachersWords } from './teachers-words';

const texts = [
  'boiler heat garden tank',
  'boiler heat tank cellar',
  'tank cellar heat grant',
  'music party club house',
  'music lamp club garden',
].map((text) => text.split(' '));

it('lifts what shares the words of the teachers, and nothing else', () => {
  const scores = scoreByTeachersWords(texts, [
    { at: 0, score: 2 },
    { at: 1, score: 2 },
  ]);
  expect(scores[2]).toBeGreaterThan(scores[4]!);
  expect(scores[3]).toBe(0);
});

it('believes a better teacher more', () => {
  const [near, far] = [
    { at: 0, score: 2 },
    { at: 4, score: -3 },
  ];
  const scores = scoreByTeachersWords(texts, [near!, far!]);
  expect(scores[1]).toBeGreaterThan(scores[3]!);
});

it('says nothing without a teacher', () => {
  expect(scoreByTeachersWords(texts, [])).toEqual([0, 0, 0, 0, 0]);
});
