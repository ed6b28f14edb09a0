import { describe, expect, it } from 'vitest';
import { charsmap, inParts } from './charsmap';

type Replaced = (text: string) => { key: string; by: string } | null;

/** Finds the longest key that a text begins with, as llama.cpp does (llama-vocab.cpp, normalize_prefix). */
function reader(map: Buffer): Replaced {
  const size = map.readUInt32LE(0);
  const array = new Uint32Array(size / 4).map((_, at) => map.readUInt32LE(4 + at * 4));
  const base = (unit: number) => (unit >>> 10) << ((unit & 0x200) >>> 6);
  return (text) => {
    const bytes = Buffer.from(text);
    let at = base(array[0]!);
    let found: ReturnType<Replaced> = null;
    for (const [length, byte] of bytes.entries()) {
      at ^= byte;
      if (at >= array.length) throw new Error(`${text} leads out of the array`);
      const unit = array[at]!;
      if ((unit & 0x8000_00ff) !== byte) break;
      at ^= base(unit);
      if ((unit & 0x100) === 0) continue;
      const place = 4 + size + (array[at]! & 0x7fff_ffff);
      found = {
        key: bytes.subarray(0, length + 1).toString(),
        by: map.subarray(place, map.indexOf(0, place)).toString(),
      };
    }
    return found;
  };
}

describe('charsmap', () => {
  it('finds each of many keys, and nothing else', () => {
    const keys = Array.from({ length: 4000 }, (_, at) => String.fromCodePoint(0xa0 + at * 13));
    const replaced = reader(charsmap(new Map(keys.map((key, at) => [key, `${at % 7 === 0 ? '' : at}`]))));
    const known = new Set(keys);
    for (const [at, key] of keys.entries())
      expect(replaced(`${key}x`)).toEqual({ key, by: `${at % 7 === 0 ? '' : at}` });
    for (let point = 1; point < 0x3000; point++) {
      const character = String.fromCodePoint(point);
      if (!known.has(character)) expect(replaced(character)).toBeNull();
    }
  });

  it('takes the longest key', () => {
    const replaced = reader(charsmap(new Map(Object.entries({ a: '1', ab: '2', abcd: '3' }))));
    expect(replaced('abc')).toEqual({ key: 'ab', by: '2' });
    expect(replaced('abcd')).toEqual({ key: 'abcd', by: '3' });
    expect(replaced('ac')).toEqual({ key: 'a', by: '1' });
    expect(replaced('b')).toBeNull();
  });

  it('does not depend on the order of the keys', () => {
    const entries = Object.entries({ ä: 'a', ö: 'o', ß: 'ss' });
    expect(charsmap(new Map([...entries].reverse()))).toEqual(charsmap(new Map(entries)));
  });
});

describe('inParts', () => {
  it('has letters with marks and syllables, not letters whose parts stay apart', () => {
    expect(inParts(['ü', 'ế', '각', 'u', '漢', 'क़'])).toEqual(
      new Map([
        ['u\u0308', 'ü'],
        ['e\u0302\u0301', 'ế'],
        ['\u1100\u1161\u11a8', '각'],
      ]),
    );
  });
});
