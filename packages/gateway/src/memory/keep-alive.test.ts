import { expect, it } from 'vitest';
import { keepAliveMs } from './keep-alive';

it.each([
  [300, 300_000],
  ['300', 300_000],
  ['5m', 300_000],
  ['1h30m', 5_400_000],
  ['1.5s', 1_500],
  ['250ms', 250],
  [0, 0],
  ['0', 0],
  ['0s', 0],
  [-1, Infinity],
  ['-1', Infinity],
  ['-1m', Infinity],
])('reads %j', (given, expected) => {
  expect(keepAliveMs(given)).toBe(expected);
});

it.each(['', 'soon', '5 m', '5x', 'm5', '1h-3m'])('refuses %j', (given) => {
  expect(() => keepAliveMs(given)).toThrow('not a duration');
});
