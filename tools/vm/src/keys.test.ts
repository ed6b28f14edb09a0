import { describe, expect, it } from 'vitest';
import { chordOf, pointAt, press, release } from './keys';

describe('keys of a US keyboard', () => {
  it.each([
    ['a', ['a']],
    ['A', ['shift', 'a']],
    ['7', ['7']],
    ['&', ['shift', '7']],
    [')', ['shift', '0']],
    ['_', ['shift', 'minus']],
    [':', ['shift', 'semicolon']],
    ['"', ['shift', 'apostrophe']],
    ['|', ['shift', 'backslash']],
    ['~', ['shift', 'grave_accent']],
    ['?', ['shift', 'slash']],
    ['\n', ['ret']],
    [' ', ['spc']],
  ])('writes %j', (character, chord) => expect(chordOf(character)).toEqual(chord));

  it('writes every printable ASCII character, each with keys of its own', () => {
    const characters = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at));
    expect(new Set(characters.map((one) => chordOf(one).join('+'))).size).toBe(95);
  });

  it('says so where there is none', () => {
    expect(() => chordOf('é')).toThrow(expect.objectContaining({ code: 'no-key' }));
  });

  it('releases in the other order', () => {
    const codes = (events: ReturnType<typeof press>): unknown[] => events.map(({ data }) => data['key']);
    expect(codes(release(['ctrl', 'alt', 't']))).toEqual(codes(press(['t', 'alt', 'ctrl'])));
    expect(press(['a'])[0]?.data['down']).toBe(true);
    expect(release(['a'])[0]?.data['down']).toBe(false);
  });
});

describe('the pointer', () => {
  const values = (x: number, y: number): unknown[] =>
    pointAt(x, y, 1280, 800).map(({ data }) => data['value']);

  it('reaches every corner, whatever the size of the screen', () => {
    expect(values(0, 0)).toEqual([0, 0]);
    expect(values(1279, 799)).toEqual([0x7fff, 0x7fff]);
  });
});
