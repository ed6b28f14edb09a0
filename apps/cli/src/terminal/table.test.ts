import { expect, it } from 'vitest';
import { relativeTime } from './format';
import { table } from './table';

const rows = [
  ['NAME', 'WHY'],
  ['llama', 'needs much more memory than there is'],
];

it('leaves lines as they are for programs', () => {
  expect(table(rows, { columns: Infinity })).toBe(
    'NAME   WHY\nllama  needs much more memory than there is\n',
  );
});

it('wraps or cuts the last column on a narrow terminal', () => {
  expect(table(rows, { columns: 27 })).toBe(
    'NAME   WHY\nllama  needs much more\n       memory than there is\n',
  );
  expect(table(rows, { columns: 27, last: 'cut' })).toBe('NAME   WHY\nllama  needs much more…\n');
});

it('makes a paragraph of each row where the columns alone fill the terminal', () => {
  const options = { head: ['NAME', 'SIZE', 'RUNS HERE', 'CHANGED'], columns: 24 };
  const text = table([['qwen2.5-coder:7b', '4.4 GiB', '-', '3 months ago']], options);
  expect(text).toBe('qwen2.5-coder:7b\n  size: 4.4 GiB\n  changed: 3 months ago\n');
  for (const line of table(rows, { columns: 12 }).split('\n')) expect(line.length).toBeLessThanOrEqual(12);
  expect(table(rows, { columns: 12 })).toContain('needs much');
});

it('keeps the columns where only the last is narrow by nature', () => {
  expect(table([['a'.repeat(20), 'no']], { columns: 24 })).toBe(`${'a'.repeat(20)}  no\n`);
});

it('counts what a terminal shows, not signs', () => {
  expect(
    table([
      ['日本', 'x'],
      ['\u001b[1mab\u001b[22m', 'y'],
    ]),
  ).toBe('日本  x\n\u001b[1mab\u001b[22m    y\n');
});

it.each([
  ['2026-11-23T11:59:58Z', 'just now'],
  ['2026-11-23T12:00:01Z', 'now'],
  ['2026-11-23T11:59:18Z', '42 s ago'],
  ['2026-11-23T12:05:00Z', 'in 5 min'],
  ['2026-11-01T12:00:00Z', '22 d ago'],
  ['2026-05-01T12:00:00Z', '7 months ago'],
  ['2025-02-07T12:00:00Z', '21 months ago'],
  ['2023-11-23T12:00:00Z', '3 years ago'],
])('%s is %s', (stamp, text) => {
  expect(relativeTime(stamp, Date.parse('2026-11-23T12:00:00Z'))).toBe(text);
});
