import { expect, it } from 'vitest';
import { readMarks } from './marks';

it.each([
  ['It is so [1].', 'It is so.', [1]],
  ['It is so. [1][3]', 'It is so.', [1, 3]],
  ['It is so [1, 2; 4].', 'It is so.', [1, 2, 4]],
  ['It is so [2-4].', 'It is so.', [2, 3, 4]],
  ['It is so [Source 2].', 'It is so.', [2]],
  ['It is so【3†L4】.', 'It is so.', [3]],
  ['It [1] is so [1].', 'It is so.', [1]],
  ['The array a[0] is [not] one.', 'The array a[0] is [not] one.', []],
  ['[1]', '', [1]],
])('reads %j', (sentence, text, numbers) => {
  expect(readMarks(sentence)).toEqual({ text, numbers });
});
