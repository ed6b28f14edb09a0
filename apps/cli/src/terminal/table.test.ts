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

it('rather overflows than wraps into a few letters', () => {
  expect(table(rows, { columns: 12 })).toContain('needs much more memory than there is');
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
