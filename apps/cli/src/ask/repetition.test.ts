import { describe, expect, it } from 'vitest';
import { RepetitionWatch, repetitionAtEnd, withoutRepetition } from './repetition';

const sentence = 'The answer to the question is that two and two are four, as everybody knows. ';

describe('a repetition', () => {
  it.each([
    ['a sentence', `Well: ${sentence.repeat(6)}`, sentence.length],
    ['a star', `Look: ${'⭐'.repeat(400)}`, 1],
    ['an emoji of two units', '🌟'.repeat(300), 2],
    ['a paragraph', `${`${sentence}${'It is so. '.repeat(2)}\n\n`.repeat(7)}The answer`, 99],
  ])('of %s is seen', (_what, text, period) => expect(repetitionAtEnd(text)?.period).toBe(period));

  it.each([
    ['a sentence that is said three times', sentence.repeat(3)],
    ['the line of a table', `| a | b |\n|${'-'.repeat(120)}|${'-'.repeat(120)}|\n`],
    ['numbers that go on', Array.from({ length: 400 }, (_, i) => `${i}, `).join('')],
    [
      'a list with the same beginning',
      Array.from({ length: 40 }, (_, i) => `- The sky is ${i} blue.\n`).join(''),
    ],
    ['a repetition that was left', `${sentence.repeat(9)}And now to something else.`],
    ['nothing', ''],
  ])('is not %s', (_what, text) => expect(repetitionAtEnd(text)).toBeNull());

  it('stays once where it is taken away', () => {
    expect(withoutRepetition(`Well: ${sentence.repeat(8)}`)).toBe(`Well: ${sentence.trimEnd()}`);
    expect(withoutRepetition('short')).toBe('short');
  });

  it('is seen while the answer is made, soon after it is one', () => {
    const watch = new RepetitionWatch();
    const all = `Well: ${sentence.repeat(40)}`;
    let length = 0;
    for (const piece of all.match(/.{1,5}/gs) ?? []) {
      length += piece.length;
      if (watch.add(piece)) break;
    }
    expect(length).toBeLessThan(sentence.length * 6 + 60);
  });
});
