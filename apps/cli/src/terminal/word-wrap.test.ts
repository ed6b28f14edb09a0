import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { WordWrap } from './word-wrap';

class Screen extends EventEmitter {
  text = '';
  constructor(public columns: number) {
    super();
  }
  write(text: string): boolean {
    this.text += text;
    return true;
  }
  resize(columns: number): void {
    this.columns = columns;
    this.emit('resize');
  }
}

/** What is on the screen after a text came in pieces of so many characters. */
function shown(text: string, columns: number, size = 3): string {
  const screen = new Screen(columns);
  const wrap = new WordWrap(screen as unknown as NodeJS.WriteStream);
  for (const piece of text.match(new RegExp(`.{1,${size}}`, 'gsu')) ?? []) wrap.write(piece);
  wrap.end();
  expect(screen.listenerCount('resize')).toBe(0);
  return screen.text;
}

describe('lines', () => {
  it.each([1, 3, 100])('end between words, in pieces of %i', (size) => {
    expect(shown('What can I assist you with today?', 16, size)).toBe('What can I\nassist you with\ntoday?');
  });

  it.each([
    ['that fit', 'a b\nc', 3, 'a b\nc'],
    ['that are empty', 'a\n\n\nb', 80, 'a\n\n\nb'],
    ['with an indent', '    a b', 80, '    a b'],
    ['of a word that is longer than they are', 'x abcdefghij y', 4, 'x abcdefghij\ny'],
    ['of wide signs', '日本語です。はい', 6, '日本語\nです。\nはい'],
    ['of code', '```sh\nls -l | sort | head\n```\nfoo bar', 6, '```sh\nls -l | sort | head\n```\nfoo\nbar'],
  ])('%s', (_what, text, columns, lines) => expect(shown(text, columns)).toBe(lines));

  it('fit the terminal as it is after its size changed', () => {
    const screen = new Screen(20);
    const wrap = new WordWrap(screen as unknown as NodeJS.WriteStream);
    wrap.write('one two three ');
    screen.resize(10);
    // The terminal now shows "one two th" and "ree": what comes goes behind the three letters.
    wrap.write('four five ');
    wrap.end();
    expect(screen.text).toBe('one two three four\nfive');
  });
});
