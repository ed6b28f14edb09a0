import { describe, expect, it } from 'vitest';
import { describePlace, formatCitation, parseCitation } from './citation';
import type { Place } from './place';

const places: Array<[Place, string, string]> = [
  [{ kind: 'lines', from: 10, to: 14 }, '#L10-L14', 'lines 10 to 14'],
  [{ kind: 'lines', from: 3, to: 3 }, '#L3', 'line 3'],
  [{ kind: 'pages', from: 3, to: 3 }, '#page=3', 'page 3'],
  [{ kind: 'pages', from: 3, to: 4 }, '#page=3-4', 'pages 3 to 4'],
  [{ kind: 'slide', slide: 4 }, '#slide=4', 'slide 4'],
  [{ kind: 'rows', sheet: 'R&D 1', from: 3, to: 9 }, '#sheet=R%26D%201&rows=3-9', 'sheet R&D 1, rows 3 to 9'],
  [{ kind: 'rows', sheet: null, from: 3, to: 3 }, '#rows=3', 'row 3'],
  [{ kind: 'cell', cell: 2, from: 1, to: 4 }, '#cell=2&L1-L4', 'cell 2, lines 1 to 4'],
  [{ kind: 'part', name: 'OEBPS/ch#1.xhtml' }, '#part=OEBPS%2Fch%231.xhtml', 'OEBPS/ch#1.xhtml'],
  [{ kind: 'whole' }, '', ''],
];

describe('citations', () => {
  it.each(places)('writes and reads %j', (place, fragment, words) => {
    const path = Buffer.from('/home/ada/a b.txt');
    const text = formatCitation({ path, place });
    expect(text).toBe(`file:///home/ada/a%20b.txt${fragment}`);
    expect(parseCitation(text)).toEqual({ path, place });
    expect(describePlace(place)).toBe(words);
  });

  it.each([
    ['a newline and a hash', Buffer.from('/a\n#b?c%.txt'), 'file:///a%0A%23b%3Fc%25.txt'],
    ['bytes that are not UTF-8', Buffer.from([0x2f, 0xff, 0xfe]), 'file:///%FF%FE'],
    ['letters beyond ASCII', Buffer.from('/ü'), 'file:///%C3%BC'],
  ])('keeps names with %s', (_what, path, text) => {
    expect(formatCitation({ path, place: { kind: 'whole' } })).toBe(text);
    expect(parseCitation(text)?.path.equals(path)).toBe(true);
  });

  it('reads what other programs write', () => {
    expect(parseCitation('file://localhost/ü#L3-5')).toEqual({
      path: Buffer.from('/ü'),
      place: { kind: 'lines', from: 3, to: 5 },
    });
  });

  it.each([
    'http://example.org/a',
    '/etc/passwd',
    'file://host/a',
    'file:///a%00b',
    'file:///a%zz',
    'file:///a#L0',
    'file:///a#L5-L2',
    'file:///a#page=',
    'file:///a#other',
    'file:///a#part=%ff',
  ])('refuses %s', (text) => expect(parseCitation(text)).toBeNull());
});
