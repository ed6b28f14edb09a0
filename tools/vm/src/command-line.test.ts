import { describe, expect, it } from 'vitest';
import { parseForward, parseMemory } from './command-line';

describe('sizes of memory', () => {
  it.each([
    ['2G', 2048],
    ['2g', 2048],
    ['1.5GiB', 1536],
    ['1536M', 1536],
    ['1024', 1024],
  ])('%s', (text, size) => expect(parseMemory(text)).toBe(size));

  it.each(['', 'G', '2T', '-1G', '2', '0M', 'much'])('refuses %j', (text) => {
    expect(() => parseMemory(text)).toThrow(expect.objectContaining({ code: 'bad-size' }));
  });
});

describe('forwarded ports', () => {
  it('8080:11434', () => expect(parseForward('8080:11434')).toEqual({ host: 8080, guest: 11434 }));

  it.each(['', '8080', '8080:', ':80', '0:80', '80:65536', 'a:b', '1:2:3', '80:1.5'])(
    'refuses %j',
    (text) => {
      expect(() => parseForward(text)).toThrow(expect.objectContaining({ code: 'bad-forward' }));
    },
  );
});
