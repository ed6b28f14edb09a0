import { expect, it } from 'vitest';
import { wrapped } from './wrapped';

const terminal = { isTTY: true, columns: 24 } as NodeJS.WriteStream;
const pipe = {} as NodeJS.WriteStream;

it('ends lines between words, and begins none with the space at which it was broken', () => {
  expect(wrapped('only root and members of the group', terminal, '  ')).toBe(
    '  only root and members\n  of the group',
  );
  expect(wrapped('one two three four five six', terminal, '    ', 'x:  ')).toBe(
    'x:  one two three four\n    five six',
  );
});

it('keeps the lines of a text, and what stands before them', () => {
  expect(wrapped('see why: journal\nthen:    reset and then start it', terminal)).toBe(
    'see why: journal\nthen:    reset and then\nstart it',
  );
  expect(wrapped('a\n    b c d e f g h i j k l m', terminal)).toBe('a\n    b c d e f g h i j k\n    l m');
});

it('leaves lines as long as they are for programs', () => {
  expect(wrapped('only root and members of the group nanite', pipe, '  ')).toBe(
    '  only root and members of the group nanite',
  );
});
