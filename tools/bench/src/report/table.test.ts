import { describe, expect, it } from 'vitest';
import { figure, markdownTable } from './table';

describe('markdownTable', () => {
  it('aligns names left and numbers right', () => {
    expect(
      markdownTable(
        ['side', 'p50'],
        [
          ['gateway', '0.4'],
          ['x', '12'],
        ],
      ),
    ).toBe(['| side    | p50 |', '| ------- | --: |', '| gateway | 0.4 |', '| x       |  12 |'].join('\n'));
  });
  it('refuses a row of another length', () => {
    expect(() => markdownTable(['a'], [['1', '2']])).toThrow(RangeError);
  });
});

describe('figure', () => {
  it.each([
    [1234.5, '1235'],
    [99.94, '99.9'],
    [1.234, '1.23'],
    [-0.041, '-0.04'],
  ])('writes %d as %s', (value, text) => {
    expect(figure(value)).toBe(text);
  });
});
