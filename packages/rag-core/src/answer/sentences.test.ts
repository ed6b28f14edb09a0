import { describe, expect, it } from 'vitest';
import { SentenceStream, sentencesOf } from './sentences';

const texts = (text: string) => sentencesOf(text).map((sentence) => sentence.text);

describe('sentencesOf', () => {
  it('keeps where each stands', () => {
    const text = '  One is here. Two\nis there!\n\nThree';
    for (const { text: words, from, to } of sentencesOf(text)) expect(text.slice(from, to)).toBe(words);
    expect(texts(text)).toEqual(['One is here.', 'Two\nis there!', 'Three']);
  });

  it('does not end at an abbreviation', () => {
    expect(texts('See e.g. Fig. 3 of Dr. Who. It is so.')).toEqual([
      'See e.g. Fig. 3 of Dr. Who.',
      'It is so.',
    ]);
  });

  it('takes items of a list apart', () => {
    expect(texts('Two things:\n- the first\n- the second\n1. more')).toEqual([
      'Two things:',
      '- the first',
      '- the second',
      '1. more',
    ]);
  });
});

describe('SentenceStream', () => {
  const stream = (pieces: string[]) => {
    const sentences = new SentenceStream();
    return [...pieces.flatMap((piece) => sentences.add(piece)), '|', ...sentences.end()];
  };

  it('gives a sentence when the next has begun', () => {
    expect(stream(['It lis', 'tens. ', 'On', ' a socket.'])).toEqual(['It listens.', '|', 'On a socket.']);
  });

  it('keeps citations behind the full stop with their sentence', () => {
    expect(stream(['It listens. ', '[1]', '[2] On a', ' socket [3]. 【4】'])).toEqual([
      'It listens. [1][2]',
      '|',
      'On a socket [3]. 【4】',
    ]);
  });

  it.each([1, 2, 3, 7])('gives the same for pieces of %i letters', (size) => {
    const text =
      'It listens on a socket. [1] Nobody else can reach it. [2, 3] That is so since version 1.2 of it.';
    const pieces = text.match(new RegExp(`.{1,${size}}`, 'gs'))!;
    expect(stream(pieces).filter((one) => one !== '|')).toEqual([
      'It listens on a socket. [1]',
      'Nobody else can reach it. [2, 3]',
      'That is so since version 1.2 of it.',
    ]);
  });
});
