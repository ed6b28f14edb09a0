import { expect, it } from 'vitest';
import { missingFrom, subjectOf } from './subject';
import { stemsIn } from './support';

const wordsOf = (question: string) => subjectOf(question).demands.map(({ word }) => word);

it.each([
  ['When does the lease of the office end?', ['lease', 'office']],
  ['When does the book store open?', ['book', 'store']],
  ['Where does it store the vectors?', ['vectors']],
  ['How hot is the oven?', ['oven']],
  ['What is the price of the visit?', ['visit']],
  ['After how many seconds are encrypted connections closed?', ['encrypted', 'connections']],
  ['When was the pump replaced?', ['pump']],
  ['In which month is May Lind born?', ['may', 'lind']],
  ['What did write_frame return in version 2.3?', ['write', 'frame', '2.3']],
  ['What did I note about the lease?', ['lease']],
])('%s hangs on its nouns, names and numbers', (question, words) => expect(wordsOf(question)).toEqual(words));

it.each([
  ['The lease of the office ends.', 'When does the lease of the office end?', []],
  ['The lease of the workshop ends.', 'When does the lease of the office end?', ['office']],
  ['The delivery is free.', 'What does it cost to deliver?', []],
  ['The rent of the flat is due.', 'How much is the rent of the flat and the garage?', []],
  [
    'The rent of the workshop is due.',
    'How much is the rent of the flat and the garage?',
    ['flat', 'garage'],
  ],
])('%s: of %j it lacks %j', (text, question, words) =>
  expect(missingFrom(subjectOf(question), [stemsIn(text)]).map(({ word }) => word)).toEqual(words),
);
