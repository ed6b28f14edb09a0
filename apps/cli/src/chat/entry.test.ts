import { describe, expect, it } from 'vitest';
import { Entry } from './entry';

const feed = (...lines: string[]): Array<string | undefined> => {
  const entry = new Entry();
  return lines.map((line) => entry.add(line));
};

describe('Entry', () => {
  it('takes a line as it is', () => expect(feed('hello')).toEqual(['hello']));
  it('goes on after a backslash', () =>
    expect(feed('a\\', 'b\\', 'c')).toEqual([undefined, undefined, 'a\nb\nc']));
  it('takes everything between quotes', () =>
    expect(feed('"""one', 'two\\', '', 'three"""')).toEqual([
      undefined,
      undefined,
      undefined,
      'one\ntwo\\\n\nthree',
    ]));
  it('takes quotes on lines of their own', () =>
    expect(feed('"""', 'x', '"""')).toEqual([undefined, undefined, 'x']));
  it('takes quotes within a line', () => expect(feed('"""x"""')).toEqual(['x']));
  it('is open again after it was complete', () =>
    expect(feed('"""', '"""', 'next')).toEqual([undefined, '', 'next']));

  it('keeps the lines of a paste together until Enter', () => {
    const entry = new Entry();
    expect(entry.add('one', true)).toBeUndefined();
    expect(entry.add('two', true)).toBeUndefined();
    expect(entry.add('three')).toBe('one\ntwo\nthree');
    expect(entry.isOpen).toBe(false);
  });

  it('forgets when told to', () => {
    const entry = new Entry();
    entry.add('"""begun');
    expect(entry.isOpen).toBe(true);
    entry.clear();
    expect(entry.add('new')).toBe('new');
  });
});
