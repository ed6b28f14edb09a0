import type { Place } from '@nanite/contracts';
import { expect, it } from 'vitest';
import { addressOf } from './whereabouts';

const text = 'One is here.\nTwo stands\nhere. Three.\n';
const lines: Place = { kind: 'lines', from: 10, to: 12 };
const address = (quote: string, place: Place = lines, uri = 'file:///a.md#L10-L12') =>
  addressOf({ uri, text, place }, quote);

it.each([
  ['One is here.', '#L10'],
  ['Two stands\nhere.', '#L11-L12'],
  ['Three.', '#L12'],
])('finds the lines of %j', (quote, fragment) => expect(address(quote)).toBe(`file:///a.md${fragment}`));

it.each<[string, string, Place, string]>([
  ['words that do not stand there', 'Four.', lines, '#L10-L12'],
  ['a text with more lines than its place', 'Three.', { kind: 'lines', from: 10, to: 11 }, '#L10-L11'],
  ['a page', 'Three.', { kind: 'pages', from: 3, to: 3 }, '#page=3'],
])('leaves the address of the passage for %s', (_what, quote, place, fragment) =>
  expect(address(quote, place, `file:///a.md${fragment}`)).toBe(`file:///a.md${fragment}`),
);
