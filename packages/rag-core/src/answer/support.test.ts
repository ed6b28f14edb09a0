import { describe, expect, it } from 'vitest';
import { supportOf, windowsOf } from './support';

const passages = [
  'The gateway listens on port 11434 of this machine. It does not listen on other addresses unless tls is configured. ' +
    'Nanite was first built in 2026 by a small team in Vienna.',
  'Ada Lovelace wrote the first program in 1843. She worked with Charles Babbage on the Analytical Engine.',
  'The index is kept in SQLite. Vectors are held by Chroma, which can be deleted at any time. Up to 1,400 files a ' +
    'minute are read.',
];
const evidence = passages.map((text, at) => ({
  number: at + 1,
  text,
  context: at === 1 ? 'Ada Lovelace' : '',
}));
const windows = evidence.flatMap(windowsOf);
const check = (text: string, question = 'How is that?') =>
  supportOf({ text, vector: null }, question, evidence, windows);

describe('a claim that a passage bears out', () => {
  it.each([
    ['The gateway listens on port 11434.', 1, 'The gateway listens on port 11434 of this machine.'],
    ['Port 11434 is where the gateway listens.', 1, 'The gateway listens on port 11434 of this machine.'],
    [
      'It does not listen on other addresses.',
      1,
      'It does not listen on other addresses unless tls is configured.',
    ],
    ['Ada Lovelace wrote the first program in 1843.', 2, 'Ada Lovelace wrote the first program in 1843.'],
    [
      'The first program was written in 1843 by Lovelace.',
      2,
      'Ada Lovelace wrote the first program in 1843.',
    ],
    ['Vectors are held by Chroma.', 3, 'Vectors are held by Chroma, which can be deleted at any time.'],
    ['It reads up to 1400 files a minute.', 3, 'Up to 1,400 files a minute are read.'],
  ])('%s', (text, number, quote) => {
    const support = check(text);
    expect(support?.window).toMatchObject({ number, quote });
    expect(passages[number - 1]).toContain(support!.window.quote);
  });
});

describe('a claim that none bears out', () => {
  it.each([
    ['another number', 'The gateway listens on port 8080.'],
    ['another year', 'Ada Lovelace wrote the first program in 1842.'],
    ['another name', 'Grace Hopper wrote the first program in 1843.'],
    ['a name added', 'The index of Microsoft is kept in SQLite.'],
    ['the contrary', 'The gateway does not listen on port 11434.'],
    ['the contrary of a denial', 'It listens on other addresses unless tls is configured.'],
    ['something else', 'Bananas are rich in potassium and grow in warm countries.'],
    [
      'half of it invented',
      'Vectors are compressed with wavelets and encrypted by quantum keys held in hardware.',
    ],
    ['nothing', 'Yes, that is so.'],
    ['an empty sentence', ''],
  ])('%s', (_what, text) => expect(check(text)).toBeNull());

  it('what only says the question again', () => {
    expect(check('The gateway listens on a port.', 'On which port does the gateway listen?')).toBeNull();
  });
});

describe('likeness of meaning', () => {
  const near = (claim: number[], quote: number[]) =>
    supportOf(
      { text: 'The vectors live in a Chroma store of its own.', vector: Float32Array.from(claim) },
      'How?',
      evidence,
      windows.map((window) => ({ ...window, vector: Float32Array.from(quote) })),
    );

  it('helps a claim in other words, and only as far as it is there', () => {
    expect(near([1, 0], [1, 0])?.likeness).toBe(1);
    expect(near([1, 0], [0, 1])).toBeNull();
  });
});
